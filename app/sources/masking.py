"""What may be shown of a URL and of a server's words: never a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

_SECRET = re.compile(
    r"(^|[^a-z])(pass|passwd|passphrase|pwd|pw|sig|authorization|credentials?|jwt|bearer|session"
    r"|sessionid)([^a-z]|$)|(token|key|secret|password|signature|auth|authorization|credential)$"
)
# name:password@, also with a slash in the password (then what stands for the port is no number)
_USERINFO = re.compile(
    r"^((?:[A-Za-z][A-Za-z0-9+.-]*:)?//|)(?:[^/?#]*@|[^/?#@:\[]*:(?!\d*(?:[/?#]|$)).*@)"
)
_PARAMETER = re.compile(r"([?&;#])([^=&;#?]*)=([^&;#]+)")


def masked(url: str) -> str:
    """`url` with credentials and every parameter that looks like a secret replaced by `***`.

    >>> masked("https://ann:pw@example.com/sales.csv?gid=0&token=abc")
    'https://***@example.com/sales.csv?gid=0&token=***'
    """

    def mask(found: re.Match[str]) -> str:
        name = re.sub(r"([a-z])([A-Z])", r"\1_\2", unquote(found[2])).lower()
        return f"{found[1]}{found[2]}=***" if _SECRET.search(name) else found[0]

    return _PARAMETER.sub(mask, _USERINFO.sub(r"\1***@", url.strip()))


def secret_words(url: str, where: str, headers: Iterable[str]) -> frozenset[str]:
    """Every word of the request that the masked URL does not show."""
    words = [*re.split(r"[/?&;#=:@]", url), *" ".join(headers).split()]
    words += [unquote(word) for word in words]
    return frozenset(word for word in words if len(word) > 3 and word not in where)


def printable(text: str, secrets: frozenset[str]) -> str:
    """A server's words, fit for a message: short, on one line, without an echo of our secrets."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    text = " ".join(text.split())[:60]
    return "".join(character for character in text if character.isprintable())
