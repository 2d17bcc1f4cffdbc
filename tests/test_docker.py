"""The containers, on a real engine: what `docker compose` does for its user.

Skipped where no engine answers, unless COMPTOIR_REQUIRE_DOCKER=1.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.stack import ME, REPOSITORY, Person, Stack, require_engine, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

ORDINARY = Person(1000, 1000)
APP_USER = 10001


@pytest.fixture(scope="module", autouse=True)
def engine() -> None:
    require_engine()


@pytest.fixture(scope="module")
def clone() -> Iterator[Callable[..., Stack]]:
    """Makes stacks, and takes them away at the end."""
    stacks: list[Stack] = []

    def make(owner: Person = ME) -> Stack:
        stacks.append(Stack(owner))
        return stacks[-1]

    yield make
    for stack in stacks:
        stack.remove()


@pytest.fixture(scope="module")
def shop(clone: Callable[..., Stack]) -> Stack:
    """A stack whose samples are imported and whose `db` is up; tests leave it as it was."""
    stack = clone()
    stack("run", "--rm", "app")
    return stack


def app_lines(output: str) -> list[str]:
    """What `app` printed during an `up`, without the places of the outputs."""
    lines = [line.partition("| ")[2] for line in output.splitlines() if "app-1  | " in line]
    return comparable("\n".join(lines))


def comparable(text: str) -> list[str]:
    return [re.sub(r"Database: .*", "", line).rstrip() for line in text.splitlines()]


# `up` -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", [ME, ORDINARY], ids=["root", "ordinary"])
def test_up_and_up_again_on_a_fresh_clone(clone: Callable[..., Stack], owner: Person) -> None:
    if owner != ME and ME.uid:
        pytest.skip("only root can act as another user")
    stack = clone(owner)
    first = stack("up", "--no-color", "--exit-code-from", "app")
    local = subprocess.run(
        [sys.executable, "-m", "app", "--project", str(stack.folder), "run",
         "--results", str(stack.folder / "home" / "results")],
        cwd=stack.folder / "home",
        # as wide as where there is no terminal
        env={name: value for name, value in os.environ.items() if name != "COLUMNS"}
        | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    assert app_lines(first.stdout) == comparable(local.stdout)
    assert "Run 1: published" in first.stdout

    # healthy first: the first check of `db` comes only so long after its start
    db, app = stack.inspect("db"), stack.inspect("app")
    interval = timedelta(microseconds=db["Config"]["Healthcheck"]["Interval"] / 1000)
    assert moment(app["State"]["StartedAt"]) - moment(db["State"]["StartedAt"]) >= interval

    results = stack.folder / "results"
    made = {path.name: path.read_bytes() for path in results.iterdir()}
    assert "summary.md" in made
    assert "sales_by_region.csv" in made
    for name, content in made.items():
        if name.endswith(".csv"):
            assert content == (stack.folder / "home" / "results" / name).read_bytes()
    stack.by_owner("sh", "-c", "echo mine >> results/summary.md && rm results/revenue_total.csv")

    second = stack("up", "--no-color", "--exit-code-from", "app")
    assert "Nothing new: the results are those of run 1." in second.stdout
    assert (results / "summary.md").read_bytes() == made["summary.md"]
    assert (results / "revenue_total.csv").read_bytes() == made["revenue_total.csv"]
    stack.by_owner("sh", "-c", "rm results/* && touch results/mine")


def moment(text: str) -> datetime:
    """A time as the engine writes it, to the nanosecond."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text))


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("run --dry-run", "Dry run: nothing was written."),
        ("run --offline --dry-run", "archived"),
        ("status", "Results: of run "),
        ("status --json", '"published_run": '),
        ("rejects", "REF099"),
        ("check", "passed"),
        ("analyse sales_by_city", "Lyon"),
        ("--version", "comptoir"),
    ],
)
def test_every_verb_works(shop: Stack, verb: str, expected: str) -> None:
    output = shop.run(*verb.split())
    assert expected in output
    if "--json" in verb:
        json.loads(output)


def test_an_error_has_its_exit_code_and_no_traceback(shop: Stack) -> None:
    done = shop("run", "--rm", "app", "analyse", "sales_by_citty", expect=2)
    assert "did you mean 'sales_by_city'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_backup_and_restore_through_the_results_folder(shop: Stack) -> None:
    shop.run("backup", "results/copy.db")
    shop.query("select 1")
    shop("exec", "-T", "db", "sqlite3", "--write", "/data/sales.db", "delete from sales")
    assert shop.query("select count(*) from sales") == "0"
    assert "is now results/copy.db" in shop.run("restore", "results/copy.db", "--yes")
    assert shop.query("select count(*) from sales") == "2021"
    shop.by_owner("rm", "results/copy.db")


# The storage ----------------------------------------------------------------------------------


def test_the_sqlite3_shell_reads_and_writes_only_when_asked(shop: Stack) -> None:
    assert shop.query("select round(revenue, 2) from revenue_total") == "66280.16"
    refused = shop(
        "exec", "-T", "db", "sqlite3", "/data/sales.db", "delete from sales", expect=None
    )
    assert refused.returncode != 0
    assert "readonly" in refused.stderr
    asked = ("create table scratch (a)", "insert into scratch values (7)", "drop table scratch")
    shop("exec", "-T", "db", "sqlite3", "--write", "/data/sales.db", ";".join(asked))


def test_the_page_is_there_before_the_first_run_and_shows_every_run(
    clone: Callable[..., Stack],
) -> None:
    stack = clone()
    stack("up", "-d", "--wait", "db")
    assert "There is no database yet." in stack.get("/")[1]
    assert "No report yet" in stack.get("/report/")[1]
    assert json.loads(stack.get("/-/databases.json")[1]) == []
    started = stack.inspect("db")["State"]["StartedAt"]

    stack.run()
    assert "66280.16" in stack.get("/sales/revenue_total.json?_shape=array")[1]
    page = stack.get("/sales/sales_by_city")[1]
    assert "<h1>Sales by city</h1>" in page
    assert "Which cities sell most, in units and in revenue?" in page
    assert "Every run: when, which version, how it ended." in stack.get("/sales/_runs")[1]
    report = (stack.folder / "results" / "report.html").read_text(encoding="utf-8")
    assert stack.get("/report/") == (200, report)
    assert stack.get("/report/manifest.json")[0] == 404

    (stack.folder / "sql" / "analyses" / "sales_in_lyon.sql").write_text(
        "-- title: Sales in Lyon\n"
        "select sum(units) as units from sales_by_city where city = 'Lyon'\n"
    )
    stack.run()
    assert "<h1>Sales in Lyon</h1>" in stack.get("/sales/sales_in_lyon")[1]
    assert stack.inspect("db")["State"]["StartedAt"] == started


def test_the_page_is_read_only_and_limits_time(shop: Stack) -> None:
    assert shop.get("/sales.json?sql=delete+from+sales")[0] == 400
    endless = "with+recursive+n(i)+as+(select+1+union+all+select+i%2B1+from+n)+select+max(i)+from+n"
    started = time.monotonic()
    status, body = shop.get(f"/sales.json?sql={endless}")
    assert (status, time.monotonic() - started < 10) == (400, True)
    assert "interrupted" in body.lower()
    assert shop.get("/sales.db")[0] in (403, 404)


# Whose data it is -----------------------------------------------------------------------------


def test_the_samples_and_the_clients_data_never_meet(clone: Callable[..., Stack]) -> None:
    stack = clone()
    stack.run()
    example = (stack.folder / ".env.example").read_text()
    assert example.count("https://docs.google.com/") == 3
    env = stack.folder / ".env"
    env.write_text(example.replace("https://docs.google.com/", "http://127.0.0.1:9/"))
    env.chmod(0o600)
    stack("up", "-d", "--wait", "db")
    output = stack.run(expect=3)
    assert "products: not fetched from http://127.0.0.1:9/" in output
    assert stack.query("select count(*) from _deliveries where origin = 'samples'") == "0"
    assert stack.query("select count(*) from sales") == "0"
    env.unlink()
    stack("up", "-d", "--wait", "db")
    assert "Nothing new: the results are those of run 1." in stack.run()
    assert stack.query("select count(*) from sales") == "2021"


# On a schedule --------------------------------------------------------------------------------


class Seller(BaseHTTPRequestHandler):
    """Serves the sales file of a shop, or fails, as the test says."""

    lines: tuple[str, ...] = ()
    failing = False

    def do_GET(self) -> None:
        body = "\r\n".join(("Date,ID Référence produit,Quantité,ID Magasin", *self.lines)).encode()
        self.send_response(500 if type(self).failing else 200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def seller() -> Iterator[type[Seller]]:
    handler = type("OneSeller", (Seller,), {"lines": ("2025-04-01,REF001,2,1",)})
    server = ThreadingHTTPServer(("0.0.0.0", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handler.port = server.server_address[1]
    yield handler
    server.shutdown()
    server.server_close()


def test_the_scheduler_goes_on_after_a_failure_and_stops_at_once(
    clone: Callable[..., Stack], seller: type[Seller]
) -> None:
    stack = clone()
    (stack.folder / "docker-compose.override.yml").write_text(
        "services: { scheduler: { extra_hosts: ['seller:host-gateway'] },"
        " app: { extra_hosts: ['seller:host-gateway'] } }\n"
    )
    (stack.folder / ".env").write_text(
        f"SALES_URL=http://seller:{seller.port}/ventes.csv\nPRODUCTS_URL=reference/produits.csv\n"
        "STORES_URL=reference/magasins.csv\nCOMPTOIR_VOLUME=client\nCOMPTOIR_EVERY=2s\n"
    )
    for name in ("produits", "magasins"):
        source = stack.folder / "samples" / f"{name}.csv"
        (stack.folder / "reference" / f"{name}.csv").write_bytes(source.read_bytes())
    stack("up", "-d", "scheduler")
    stack.wait_for_log("scheduler", "run 1: published")
    stack.wait_for_log("scheduler", "run 2: unchanged")

    seller.failing = True
    log = stack.wait_for_log("scheduler", "failures: 1 in a row")
    assert "sales: not fetched" in log
    assert "ended with exit code 3" in log
    seller.lines = (*seller.lines, "2025-04-02,REF001,1,1")
    seller.failing = False
    wait_for(lambda: stack.query("select count(*) from sales"), "2")
    assert "Traceback" not in stack("logs", "scheduler").stdout

    fresh = ("exec", "-T", "scheduler", "python", "-m", "app", "status", "--max-age")
    assert "LATE" not in stack(*fresh, "45m").stdout
    health = stack.inspect("scheduler")["Config"]["Healthcheck"]["Test"]
    assert health == ["CMD", "python", "-m", "app", "status", "--max-age", "45m"]

    # somebody else writes: `app` says who, or waits; the scheduler comes again
    hold = (
        "import sys; from pathlib import Path; from app.database.store import locked\n"
        "with locked(Path('/data/sales.db'), 'a test', 20):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with stack.start("exec", "-T", "scheduler", "python", "-c", hold) as holder:
        read_until(holder, "held")
        refused = stack("run", "--rm", "app", "run", "--wait", "0", expect=4)
        assert re.search(r"`a test`, process \d+ on scheduler, since 20", refused.stderr)
        stack.wait_for_log("scheduler", "postponed: another process is writing")
        with stack.start("run", "--rm", "-T", "app") as waiting:
            read_until(waiting, "waiting up to 60 s for `a test`")
            holder.communicate("")
            assert waiting.wait(60) == 0

    started = time.monotonic()
    stack("stop", "scheduler")
    assert time.monotonic() - started < 3
    assert stack.inspect("scheduler")["State"]["ExitCode"] == 0
    assert "stopped after" in stack("logs", "scheduler").stdout


def read_until(process: subprocess.Popen[str], wanted: str) -> None:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if wanted in line:
            return
    raise AssertionError(f"{wanted!r} never came in:\n{''.join(lines)}")


def test_killed_in_the_middle_then_run_again(clone: Callable[..., Stack]) -> None:
    stack = clone()
    stack.run()
    tables = "select group_concat(v) from (select quote(revenue) || units v from sales_by_city)"
    before = stack.query(tables), stack.query("select count(*) from sales")
    with (stack.folder / "samples" / "ventes.csv").open("a") as file:
        file.write("\r\n2025-06-30,REF001,100,1")
    slow = stack.folder / "sql" / "checks" / "slow.sql"
    slow.write_text(
        "-- title: Counts far, if there are sales\n"
        "with recursive far(n) as (select 1 as n union all select n + 1 as n from far "
        "where n < (select 50000 * count(*) from sales)) select n from far where n < 0\n"
    )
    container = f"{stack.name}-killed"
    stack("run", "-d", "--name", container, "app")
    logs = ["docker", "logs", container]
    wait_for(
        lambda: subprocess.run(logs, capture_output=True, text=True, check=True).stdout, "sales: "
    )
    time.sleep(1.5)
    subprocess.run(["docker", "kill", container], check=True, capture_output=True)
    subprocess.run(["docker", "rm", container], check=True, capture_output=True)
    assert (stack.query(tables), stack.query("select count(*) from sales")) == before
    assert stack.query("select max(run_id) from _runs") == "1"

    slow.unlink()
    assert "Run 2: published" in stack.run()
    assert stack.query("select count(*) from sales") == "2022"
    assert stack.query("pragma integrity_check") == "ok"


def test_docker_stop_of_the_storage_is_quick(clone: Callable[..., Stack]) -> None:
    stack = clone()
    stack("up", "-d", "--wait", "db")
    started = time.monotonic()
    stack("stop", "db")
    assert time.monotonic() - started < 3


# What the containers may do -------------------------------------------------------------------

INSIDE = (
    "id -u; grep -E 'CapEff|CapPrm|NoNewPrivs' /proc/self/status; cat /proc/1/comm; "
    "touch /project/x /etc/x 2>&1; touch /tmp/x && echo tmp"
)


@pytest.mark.parametrize("service", ["db", "app", "scheduler"])
def test_from_inside_everything_is_closed(shop: Stack, service: str) -> None:
    output = shop("run", "--rm", "--entrypoint", "sh", service, "-c", INSIDE).stdout
    lines = output.split("\n")
    assert lines[0] == str(APP_USER)
    assert re.search(r"CapPrm:\s+0{16}\n", output)
    assert re.search(r"CapEff:\s+0{16}\n", output)
    assert re.search(r"NoNewPrivs:\s+1\n", output)
    assert re.search(r"^(docker-init|tini)$", output, re.MULTILINE)
    assert output.count("Read-only file system") == 2
    assert "tmp" in lines


def test_the_engine_sees_the_limits(shop: Stack) -> None:
    (mounted,) = [m for m in shop.inspect("db")["Mounts"] if m["Destination"].endswith("/results")]
    assert mounted["RW"] is False
    for service in ("db", "share-results"):
        host = shop.inspect(service)["HostConfig"]
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert host["Init"] is True
        assert host["Memory"] > 0
        assert host["LogConfig"]["Config"] == {"max-file": "3", "max-size": "10m"}
        assert "no-new-privileges:true" in host["SecurityOpt"]
    root = shop.inspect("share-results")
    assert root["Config"]["User"] == "0:0"
    assert root["HostConfig"]["NetworkMode"] == "none"
    assert [name.removeprefix("CAP_") for name in root["HostConfig"]["CapAdd"]] == ["CHOWN"]
    assert root["State"]["ExitCode"] == 0
    ports = shop.inspect("db")["HostConfig"]["PortBindings"]
    assert [binding["HostIp"] for bindings in ports.values() for binding in bindings] == [
        "127.0.0.1"
    ]
    assert shop.inspect("db")["Config"]["StopSignal"] == "SIGTERM"


def test_the_images_are_labelled_and_numeric(shop: Stack) -> None:
    from app import __version__

    for target in ("app", "db"):
        done = subprocess.run(
            ["docker", "image", "inspect", f"{shop.name}-{target}"], capture_output=True, check=True
        )
        config = json.loads(done.stdout)[0]["Config"]
        assert config["User"] == f"{APP_USER}:{APP_USER}"
        assert config["Labels"]["org.opencontainers.image.title"] == f"comptoir-{target}"
        assert config["Labels"]["org.opencontainers.image.version"] == __version__
