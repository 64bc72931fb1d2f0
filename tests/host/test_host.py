"""The function host with real instance processes, and small functions written for each test."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import httpx
import pytest

from local.host.app import Host
from local.host.scf_runtime import Limits
from tests.host.hosted_functions import Functions


@pytest.fixture
def functions(tmp_path: Path) -> Functions:
    return Functions(tmp_path)


ECHO = """
    def main_handler(event, context):
        return {"event": event, "context": context}
"""


def test_url_event_is_as_documented(functions: Functions) -> None:
    functions.write("echo", ECHO)

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        answer = await client.post(
            "/functions/echo/some/path?a=1&b=2", content='{"ä": 1}', headers={"Sign": "x+/="}
        )
        event = answer.json()["event"]
        assert answer.headers["content-type"] == "application/json"
        assert {key: event[key] for key in event if key != "headers"} == {
            "body": '{"ä": 1}',
            "httpMethod": "POST",
            "path": "/some/path",
            "queryString": {"a": "1", "b": "2"},
        }
        assert event["headers"]["sign"] == "x+/="
        assert event["headers"]["x-scf-remote-addr"] == "127.0.0.1"
        assert (await client.get("/functions/echo")).json()["event"]["path"] == "/"

    functions.serve(talk)


def test_url_body_that_is_not_text_comes_as_base64(functions: Functions) -> None:
    functions.write("echo", ECHO)

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        event = (await client.post("/functions/echo", content=b"\xff\x00")).json()["event"]
        assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)

    functions.serve(talk)


def test_context_has_the_documented_keys_and_the_limits(functions: Functions) -> None:
    functions.write("echo", ECHO)

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        context = (await client.post("/_local/invoke/echo", content="{}")).json()["context"]
        request_id = context.pop("request_id")
        assert len(request_id) == 36
        assert context == {
            "memory_limit_in_mb": 128,
            "time_limit_in_ms": 5000,
            "environment": '{"SCF_NAMESPACE":"default"}',
            "environ": "SCF_NAMESPACE=default;SCF_NAMESPACE=default",
            "function_version": "$LATEST",
            "function_name": "echo",
            "namespace": "default",
            "tencentcloud_region": "ap-singapore",
            "tencentcloud_appid": "1250000000",
            "tencentcloud_uin": "100000000001",
        }

    functions.serve(talk, echo=Limits(5, 128))


def test_environment_is_scfs_and_the_settings_only(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INHERITED_SECRET", "x")
    functions.write(
        "environment",
        """
        import os, sys
        def main_handler(event, context):
            return {"environ": dict(os.environ), "path": sys.path[:2], "cwd": os.getcwd()}
        """,
    )

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        seen = (await client.post("/_local/invoke/environment", content="{}")).json()
        assert seen["environ"]["SOME_SETTING"] == "7"
        assert seen["environ"]["SCF_FUNCTIONNAME"] == "environment"
        assert seen["environ"]["PYTHONDONTWRITEBYTECODE"] == "x"
        assert "TENCENTCLOUD_RUNENV" not in seen["environ"]
        assert "INHERITED_SECRET" not in seen["environ"]
        assert seen["path"] == [str(functions.folder), str(functions.root)]
        assert seen["cwd"] == str(functions.root)

    functions.serve(talk)


def test_environment_can_be_overruled(functions: Functions) -> None:
    functions.write("kind", "import os\nmain_handler = lambda event, context: os.environ[event]\n")
    functions.environ = {"SCF_FUNCTIONNAME": "other", "PYTHONPYCACHEPREFIX": "/tmp/x"}  # noqa: S108

    async def talk(client: httpx.AsyncClient, host: Host) -> None:
        assert await host.run("kind", "SCF_FUNCTIONNAME", "id") == "other"
        assert await host.run("kind", "PYTHONPYCACHEPREFIX", "id") == "/tmp/x"  # noqa: S108

    functions.serve(talk)


def test_explicit_response_becomes_the_answer(functions: Functions) -> None:
    functions.write(
        "answer",
        """
        def main_handler(event, context):
            return {"statusCode": 418, "headers": {"X-Tea": "green"}, "body": "壶"}
        """,
    )

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        answer = await client.get("/functions/answer")
        assert (answer.status_code, answer.headers["x-tea"], answer.text) == (418, "green", "壶")

    functions.serve(talk)


def test_malformed_response_is_a_server_error(functions: Functions) -> None:
    functions.write("answer", 'main_handler = lambda event, context: {"statusCode": "200"}')

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        answer = await client.get("/functions/answer")
        assert answer.status_code == 500
        assert answer.json()["errorMessage"] == "Invalid scf response format"

    functions.serve(talk)


FAILING = """
    def main_handler(event, context):
        raise ValueError("a secret")
"""


def test_exception_is_scfs_error_result_for_a_direct_invocation(functions: Functions) -> None:
    functions.write("failing", FAILING)

    async def talk(client: httpx.AsyncClient, host: Host) -> None:
        answer = await client.post("/_local/invoke/failing", content="{}")
        result = answer.json()
        assert answer.status_code == 500
        assert len(result.pop("requestId")) == 36
        assert result.pop("stackTrace").endswith("ValueError: a secret\n")
        assert result == {
            "errorCode": -1,
            "errorMessage": "user code exception caught",
            "statusCode": 430,
        }
        assert len(host.pids) == 1  # the instance lives on
        assert {"function": "failing", "message": "ValueError: a secret"} in functions.feed.lines

    functions.serve(talk)


def test_exception_behind_a_url_is_500_and_keeps_its_trace(functions: Functions) -> None:
    functions.write("failing", FAILING)

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        answer = await client.get("/functions/failing")
        assert answer.status_code == 500
        assert "secret" not in answer.text

    functions.serve(talk)


@pytest.mark.parametrize("value", ["{1, 2}", "float('nan')", "b'bytes'"])
def test_value_that_is_not_json_is_an_error(functions: Functions, value: str) -> None:
    functions.write("odd", f"def main_handler(event, context):\n    return {value}\n")

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        answer = await client.post("/_local/invoke/odd", content="{}")
        assert (answer.status_code, answer.json()["statusCode"]) == (500, 430)

    functions.serve(talk)


@pytest.mark.slow
def test_timeout_kills_the_instance_and_the_next_event_gets_a_new_one(
    functions: Functions,
) -> None:
    functions.write(
        "slow",
        """
        import os, threading
        def main_handler(event, context):
            if event["hang"]:
                threading.Event().wait()
            return os.getpid()
        """,
    )

    async def talk(client: httpx.AsyncClient, host: Host) -> None:
        first = (await client.post("/_local/invoke/slow", json={"hang": False})).json()
        late = await client.post("/_local/invoke/slow", json={"hang": True})
        assert late.json()["statusCode"] == 433
        assert late.json()["errorMessage"] == "Invoking task timed out after 1 s"
        assert host.pids == []
        second = (await client.post("/_local/invoke/slow", json={"hang": False})).json()
        assert first != second

    functions.serve(talk, slow=Limits(1, 64))


def test_process_exit_is_439(functions: Functions) -> None:
    functions.write("leaving", "import os\ndef main_handler(event, context):\n    os._exit(3)\n")

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        answer = await client.post("/_local/invoke/leaving", content="{}")
        assert answer.json()["statusCode"] == 439
        assert (await client.get("/functions/leaving")).status_code == 500

    functions.serve(talk)


def test_function_that_cannot_be_imported_is_430_with_its_trace(functions: Functions) -> None:
    functions.write("broken", "import no_such_module")
    functions.write("empty", "")

    async def talk(client: httpx.AsyncClient, host: Host) -> None:
        broken = (await client.post("/_local/invoke/broken", content="{}")).json()
        assert broken["statusCode"] == 430
        assert "no_such_module" in broken["stackTrace"]
        empty = (await client.post("/_local/invoke/empty", content="{}")).json()
        assert empty["statusCode"] == 437
        assert host.pids == []

    functions.serve(talk)


def test_busy_instance_gets_company_up_to_the_maximum(functions: Functions) -> None:
    functions.write(
        "meeting",
        """
        import os, pathlib, time
        def main_handler(event, context):
            here = pathlib.Path(event["folder"])
            (here / str(os.getpid())).touch()
            while len(list(here.iterdir())) < event["wait_for"]:
                time.sleep(0.01)
            return os.getpid()
        """,
    )
    met = functions.root / "met"
    met.mkdir()

    async def talk(client: httpx.AsyncClient, host: Host) -> None:
        event = {"folder": str(met), "wait_for": 2}
        answers = await asyncio.gather(
            *(client.post("/_local/invoke/meeting", json=event) for _ in range(5))
        )
        assert len({answer.json() for answer in answers}) == 2
        assert len(host.pids) == 2

    functions.serve(talk, max_instances=2)


def test_warm_instance_is_used_again(functions: Functions) -> None:
    functions.write(
        "counting",
        """
        runs = []
        def main_handler(event, context):
            runs.append(event)
            return len(runs)
        """,
    )

    async def talk(client: httpx.AsyncClient, host: Host) -> None:
        for expected in (1, 2, 3):
            assert (await client.post("/_local/invoke/counting", content="1")).json() == expected
        assert len(host.pids) == 1

    functions.serve(talk)


def test_logs_reach_the_feed_before_the_result_and_never_mix_with_it(
    functions: Functions,
) -> None:
    functions.write(
        "talking",
        """
        import os, sys
        print('{"message": "loaded", "n": 1}')
        def main_handler(event, context):
            print("plain\\ttext 字")
            print("to stderr", file=sys.stderr)
            os.system("echo from a child")
            print("x" * 9000)
            print("no newline", end="")
            return sys.stdin.read()
        """,
    )

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        assert (await client.post("/_local/invoke/talking", content="{}")).json() == ""
        assert functions.feed.lines == [
            {"function": "talking", "message": "loaded", "n": 1},
            {"function": "talking", "message": "plain\ttext 字"},
            {"function": "talking", "message": "to stderr"},
            {"function": "talking", "message": "from a child"},
            {"function": "talking", "message": "x" * 8192},
            {"function": "talking", "message": "no newline"},
        ]

    functions.serve(talk)


def test_log_line_beyond_memory_is_dropped_and_said(functions: Functions) -> None:
    functions.write(
        "shouting",
        """
        def main_handler(event, context):
            print("x" * 1_500_000)
            return "done"
        """,
    )

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        assert (await client.post("/_local/invoke/shouting", content="{}")).json() == "done"
        assert "dropped" in str(functions.feed.lines[0]["message"])

    functions.serve(talk)


def test_event_over_6_mb_is_refused(functions: Functions) -> None:
    functions.write("echo", ECHO)

    async def talk(client: httpx.AsyncClient, host: Host) -> None:
        answer = await client.post("/functions/echo", content=b"x" * (6 * 1024 * 1024 + 1))
        assert (answer.status_code, answer.json()["statusCode"]) == (413, 406)
        assert host.pids == []

    functions.serve(talk)


def test_event_of_5_mb_passes(functions: Functions) -> None:
    functions.write("size", "def main_handler(event, context):\n    return len(event['body'])\n")

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        assert (await client.post("/functions/size", content=b'"' * 5_000_000)).json() == 5_000_000

    functions.serve(talk)


def test_response_over_the_limit_is_refused(functions: Functions) -> None:
    functions.write("big", "def main_handler(event, context):\n    return 'x' * 6_500_000\n")

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        assert (await client.get("/functions/big")).status_code == 502

    functions.serve(talk)


@pytest.mark.parametrize("name", ["nobody", "..%2Fshared", "Echo", "__init__"])
def test_unknown_function_is_404_and_names_the_known(functions: Functions, name: str) -> None:
    functions.write("echo", ECHO)

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        answer = await client.post(f"/_local/invoke/{name}", content="{}")
        assert answer.status_code == 404
        if "error" in answer.text:
            assert answer.json()["error"].endswith("there are: echo")

    functions.serve(talk)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 200_000])
def test_invocation_with_something_else_than_json_is_400(functions: Functions, body: bytes) -> None:
    functions.write("echo", ECHO)

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        answer = await client.post("/_local/invoke/echo", content=body)
        assert (answer.status_code, answer.json()) == (400, {"error": "the event must be JSON"})

    functions.serve(talk)


def test_function_sees_only_its_own_folders(functions: Functions) -> None:
    functions.write("neighbour", "word = 'hello'")
    functions.write(
        "looking",
        """
        import importlib.util, neighbour
        def main_handler(event, context):
            return [neighbour.word, importlib.util.find_spec("scf_runtime") is None]
        """,
    )

    async def talk(client: httpx.AsyncClient, _: Host) -> None:
        assert (await client.post("/_local/invoke/looking", content="{}")).json() == ["hello", True]

    functions.serve(talk)


def test_instance_that_died_while_idle_is_replaced(functions: Functions) -> None:
    functions.write(
        "fragile", "import os\ndef main_handler(event, context):\n    return os.getpid()\n"
    )

    async def talk(client: httpx.AsyncClient, host: Host) -> None:
        first = (await client.post("/_local/invoke/fragile", content="{}")).json()
        os.kill(first, 9)
        while host.pids:
            await asyncio.sleep(0)
        second = (await client.post("/_local/invoke/fragile", content="{}")).json()
        assert host.pids == [second]

    functions.serve(talk)
