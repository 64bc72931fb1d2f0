"""The command line: help, environment twins, direct invocation, the parts served alone."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner

from local.cli import app
from local.development import SETTING_NAMES
from local.invoke import read_event
from shared import VERSION
from tests.support.local_commands import run_local, serve_local

COMMANDS = (
    "up",
    "cloud",
    "functions",
    "invoke",
    "replay",
    "explain",
    "people",
    "package",
    "doctor",
    "reconcile",
)


def test_commands_are_listed() -> None:
    help_text = CliRunner().invoke(app, ["--help"]).output
    assert [name for name in COMMANDS if f"\n  {name} " in help_text] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_an_environment_twin_and_help_shows_it(name: str) -> None:
    command = typer.main.get_group(app).commands[name]
    help_text = "".join(CliRunner().invoke(app, [name, "--help"]).output.split())
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    assert options
    for option in options:
        names = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
        assert names
        assert names[0].startswith("ROOMSCRIBE_") or names[0] in SETTING_NAMES
        assert names[0] in help_text


def test_a_variable_that_several_commands_read_means_the_same_in_all() -> None:
    meanings: dict[str, set[str]] = {}
    for command in typer.main.get_group(app).commands.values():
        for option in command.params:
            names = [option.envvar] if isinstance(option.envvar, str) else option.envvar or ()
            for name in names:
                meanings.setdefault(name, set()).add(f"{option.name}: {option.help}")  # type: ignore[attr-defined]
    assert {name: said for name, said in meanings.items() if len(said) > 1} == {}
    assert meanings["ROOMSCRIBE_URL"] == {"url: The local cloud to run it in."}


def test_module_starts_as_documented() -> None:
    done = run_local("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ./roomscribe ")


def test_version_is_told() -> None:
    done = run_local("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"roomscribe {VERSION}\n", "")
    assert "\n  --version " in run_local("--help").stdout


def test_unknown_option_is_a_usage_error() -> None:
    done = run_local("up", "--nonsense")
    assert done.returncode == 2
    assert "No such option: --nonsense" in done.stderr


def test_cloud_alone_answers_and_ends() -> None:
    with serve_local("cloud", environ={"ROOMSCRIBE_PORT": "0"}) as cloud:
        assert httpx.get(f"{cloud.url}/_local/rooms").json() == {"rooms": []}
        assert httpx.get(f"{cloud.url}/functions/trtc_callback").status_code == 404
        code, output, errors = cloud.end(signal.SIGTERM)
    assert (code, errors) == (0, "")
    assert output.startswith("deployed functions run on Python 3.")


def test_cloud_says_how_functions_get_the_python_of_scf() -> None:
    with serve_local("cloud", "--port", "0", "--runtime-python", "no-python") as cloud:
        _, output, _ = cloud.end(signal.SIGTERM)
    assert output == (
        "deployed functions run on a Python that does not start (no-python); a package that is made "
        "for SCF's 3.10 does not: put a python3.10 that runs on PATH, or name it with "
        "--runtime-python\n"
    )


@pytest.mark.slow
def test_cloud_posts_to_the_callback_url_it_is_given() -> None:
    with (
        serve_local("up", "--port", "0") as up,
        serve_local(
            "cloud", "--port", "0", "--callback-url", f"{up.url}/functions/nowhere"
        ) as cloud,
    ):
        room = {"room_id": "r", "room_id_type": 1, "user_id": "amy"}
        with httpx.stream("GET", f"{cloud.url}/_local/feed?after=0", timeout=30) as feed:
            assert httpx.post(f"{cloud.url}/_local/rooms", json=room).is_success
            delivered = next(line for line in feed.iter_lines() if "callback.delivered" in line)
        assert json.loads(delivered.removeprefix("data:"))["status"] == 404


def test_function_is_invoked_and_its_result_printed(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"room_id": "7", "room_id_type": 0}')
    with serve_local("functions", "--port", "0") as host:
        done = run_local("invoke", "describe_room", str(event), "--url", host.url)
        assert (done.returncode, done.stderr) == (0, "")
        assert isinstance(json.loads(done.stdout), dict)


def test_event_may_come_from_standard_input() -> None:
    with serve_local("functions", "--port", "0") as host:
        done = run_local(
            "invoke",
            "describe_room",
            "-",
            environ={"ROOMSCRIBE_URL": host.url},
            stdin='{"room_id": "7"}',
        )
        assert done.returncode == 0, done.stderr


def test_answer_that_is_an_error_is_printed_and_exits_1() -> None:
    with serve_local("functions", "--port", "0") as host:
        event = '{"roomid": "7", "session": "*"}'
        done = run_local("invoke", "delete_transcript", "-", "--url", host.url, stdin=event)
        assert (done.returncode, done.stderr) == (1, "")
        answer = json.loads(done.stdout)
        assert answer["outcome"] == "error"
        assert "by the key room_id," in answer["message"]


@pytest.mark.slow
def test_any_number_of_people_is_told_in_several_events() -> None:
    told = [{"user_id": f"user-{i}", "name": f"Name {i}"} for i in range(501)]
    with serve_local("functions", "--port", "0") as host:
        done = run_local("people", "-", "--url", host.url, stdin=json.dumps({"people": told}))
        assert (done.returncode, done.stderr) == (0, "")
        first, second = (json.loads(each + "}") for each in done.stdout.split("}")[:2])
        assert (first["set"], second["set"]) == (500, 1)
        done = run_local("people", "-", "--url", host.url, stdin='{"user_id": "amy"}')
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("error: set_people: people: tell `name` or `opted_out`")


def test_unknown_function_is_one_line_that_names_the_known() -> None:
    with serve_local("functions", "--port", "0") as host:
        done = run_local("invoke", "nobody", "-", "--url", host.url, stdin="{}")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("error: there is no function nobody; there are: ")
        assert "trtc_callback" in done.stderr


FAILURE = {"errorCode": -1, "errorMessage": "user code exception caught", "statusCode": 430}


class Answering(BaseHTTPRequestHandler):
    """Answers what the path says: a function's failure, or something else altogether."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        failed = self.path.endswith("failing")
        self.send_response(500 if failed else 200)
        self.end_headers()
        self.wfile.write(json.dumps(FAILURE).encode() if failed else b"<html>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  likewise
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_function_that_fails_is_printed_and_exits_1(server: str) -> None:
    done = run_local("invoke", "failing", "-", "--url", server, stdin="{}")
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout) == FAILURE


def test_something_else_on_the_port_is_one_line(server: str) -> None:
    done = run_local("invoke", "other", "-", "--url", server, stdin="{}")
    assert (done.returncode, done.stderr) == (
        1,
        f"error: what answers at {server} is no local cloud\n",
    )


def test_nothing_on_the_port_says_what_to_start() -> None:
    done = run_local("invoke", "describe_room", "-", "--url", "http://127.0.0.1:1", stdin="{}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: nothing answers at http://127.0.0.1:1; start it with: ./roomscribe up\n"
    )


def test_event_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('\ufeff{"room_id": "7"}')
    assert read_event(str(tmp_path / "event.json")) == {"room_id": "7"}


@pytest.mark.parametrize(
    ("source", "stdin", "error"),
    [
        ("-", "{", "error: -: is not JSON: "),
        ("-", "[" * 100_000, "error: -: is not JSON: "),
        ("/no/such.json", "", "error: /no/such.json: cannot be read: No such file"),
    ],
)
def test_event_that_cannot_be_read_is_one_line(source: str, stdin: str, error: str) -> None:
    done = run_local("invoke", "describe_room", source, stdin=stdin)
    assert done.returncode == 1
    assert done.stderr.startswith(error)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1", "http://a:b"])
def test_url_that_is_none_is_one_line(url: str) -> None:
    done = run_local("invoke", "describe_room", "-", "--url", url, stdin="{}")
    assert (done.returncode, done.stderr) == (
        1,
        f"error: {url} is not a URL like http://127.0.0.1:8321\n",
    )
