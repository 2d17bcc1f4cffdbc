"""The reference of the commands as Markdown, from what `--help` says.

`python -m app.documentation.reference > docs/commands.md` brings it up to date; a test tells
when it is not.
"""

from __future__ import annotations

import click

from app.cli import cli

WIDTH = 88


def command_reference() -> str:
    """Every verb with its help, in the order of `--help`."""
    parts = [
        "# Commands",
        "Written by `python -m app.documentation.reference` from what `--help` says.",
        f"```text\n{_help(cli, 'python -m app')}\n```",
    ]
    for name, command in cli.commands.items():
        parts.append(f"## `{name}`\n\n```text\n{_help(command, f'python -m app {name}')}\n```")
    return "\n\n".join(parts) + "\n"


def _help(command: click.Command, name: str) -> str:
    settings = {**command.context_settings, "help_option_names": ["-h", "--help"]}
    context = click.Context(
        command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH, **settings
    )
    return command.get_help(context).rstrip()


if __name__ == "__main__":
    click.echo(command_reference(), nl=False)
