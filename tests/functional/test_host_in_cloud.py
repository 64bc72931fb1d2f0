"""The host beside the emulator, on one clock: callbacks, functions, API calls, hour after hour."""

from __future__ import annotations

import contextlib
import functools
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from local.cloud.app import Cloud, create_cloud
from local.cloud.clock import ManualClock
from local.cloud.feed import Entry, Feed
from local.host.app import Host, create_host
from local.host.scf_api import ScfApi
from local.server import Site, serve
from local.time_travel import ClockRoutes, advance, settle_both
from tests.functional.cloud_server import CONFIG, SECRET_ID, SECRET_KEY

START_MS = 1_700_000_000_000


@dataclass
class Stage:
    """Both, served at `url`."""

    url: str
    clock: ManualClock
    feed: Feed
    cloud: Cloud
    host: Host

    def list_entries(self, kind: str) -> list[Entry]:
        return [entry for entry in self.feed.recent() if entry["kind"] == kind]

    async def create_room(self) -> None:
        """A room, whose callback is then on its way."""
        room = {"room_id": "r", "user_id": "amy"}
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            (await client.post("/_local/rooms", json=room)).raise_for_status()

    async def pass_time(self, ms: int) -> None:
        await advance(self.clock, ms, functools.partial(settle_both, self.cloud, self.host))


class Theatre:
    """Serves a folder of functions beside an emulator that calls `trtc_callback`."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "functions"
        self._folder.mkdir()

    def write(self, name: str, code: str) -> None:
        (self._folder / f"{name}.py").write_text(textwrap.dedent(code))

    def play(self, act: Callable[[Stage], Awaitable[None]]) -> None:
        @contextlib.asynccontextmanager
        async def compose(url: str) -> AsyncIterator[Site]:
            clock = ManualClock(START_MS)
            feed = Feed(clock.now_ms)
            host = create_host(self._folder, {"URL": url}, feed=feed, clock=clock, max_instances=2)
            config = replace(CONFIG, callback_url=f"{url}/functions/trtc_callback")
            cloud = create_cloud(config, clock=clock, feed=feed, other_apis=[ScfApi(host)])
            stage = Stage(url, clock, feed, cloud, host)
            await cloud.start()
            host.start()

            async def work() -> int:
                await act(stage)
                return 0

            clock_routes = ClockRoutes(clock, functools.partial(settle_both, cloud, host)).routes
            try:
                yield Site(Starlette(routes=[*clock_routes, *cloud.routes, *host.routes]), work)
            finally:
                await cloud.close()
                await host.close()

        assert serve(0, compose) == 0


@pytest.fixture
def theatre(tmp_path: Path) -> Theatre:
    return Theatre(tmp_path)


def test_callback_whose_function_sleeps_does_not_stop_the_clock(theatre: Theatre) -> None:
    theatre.write(
        "trtc_callback",
        """
        import time
        def main_handler(event, context):
            time.sleep(2)
            return {"code": 0}
        """,
    )

    async def act(stage: Stage) -> None:
        await stage.create_room()  # 101 and 103: two callbacks
        await stage.pass_time(10_000)
        delivered = stage.list_entries("callback.delivered")
        assert [(one["status"], one["at_ms"]) for one in delivered] == [(200, START_MS + 2000)] * 2

    theatre.play(act)


def test_callback_waits_for_its_retry_on_the_same_clock(theatre: Theatre) -> None:
    theatre.write(
        "trtc_callback",
        """
        import json, time
        def main_handler(event, context):
            late = time.time() >= 1_700_000_020
            return {"statusCode": 200 if late else 503, "body": ""}
        """,
    )

    async def act(stage: Stage) -> None:
        await stage.create_room()
        await stage.pass_time(60_000)
        entries = stage.list_entries("callback.delivered")
        tries = [
            (one["status"], int(str(one["at_ms"])) - START_MS)
            for one in entries
            if one["event_type"] == 101
        ]
        assert tries == [(503, 0), (503, 0), (503, 10_000), (200, 20_000)]

    theatre.play(act)


KICKING = f"""
    import json, os
    from tencentcloud.common.common_client import CommonClient
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile

    def main_handler(event, context):
        host = os.environ["URL"].removeprefix("http://")
        profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=host))
        keys = Credential("{SECRET_ID}", "{SECRET_KEY}")
        client = CommonClient("scf", "2018-04-16", keys, "ap-singapore", profile)
        kick = {{"FunctionName": "drain_starts", "InvocationType": "Event", "ClientContext": "[1]"}}
        answer = json.loads(client.call("Invoke", kick))["Response"]
        print(json.dumps({{"message": "kicked", "id": answer["Result"]["FunctionRequestId"]}}))
        return {{"code": 0}}
"""
DRAINING = """
    import json, time
    def main_handler(event, context):
        time.sleep(40)
        return [event, time.time()]
"""


def test_function_kicks_another_through_scfs_api_hours_later(theatre: Theatre) -> None:
    theatre.write("trtc_callback", KICKING)
    theatre.write("drain_starts", DRAINING)

    async def act(stage: Stage) -> None:
        await stage.pass_time(3 * 3600 * 1000 + 1000)
        done = stage.list_entries("function.result")
        assert len(done) == 3 * 120 - 1  # every half minute; the last one still sleeps
        await stage.create_room()
        await stage.pass_time(100_000)
        kicked = [e["line"] for e in stage.list_entries("function.log") if "kicked" in str(e)]
        kicks = {str(line["id"]) for line in kicked if isinstance(line, dict)}
        assert len(kicks) == 2
        results = {e["request_id"]: e for e in stage.list_entries("function.result")}
        assert all(str(results[kick]["result"]).startswith("[[1], ") for kick in kicks)

    theatre.play(act)


def test_clock_is_moved_by_http(theatre: Theatre) -> None:
    theatre.write(
        "drain_starts", "import time\nmain_handler = lambda event, context: time.time()\n"
    )

    async def act(stage: Stage) -> None:
        async with httpx.AsyncClient(base_url=stage.url, trust_env=False) as client:
            shown = (await client.get("/_local/clock")).json()
            assert shown == {"now_ms": START_MS, "manual": True}
            moved = await client.post("/_local/clock", json={"advance_s": 70})
            assert moved.json() == {"now_ms": START_MS + 70_000}
            results = stage.list_entries("function.result")
            assert [e["result"] for e in results] == [
                "1700000010.0",
                "1700000040.0",
                "1700000070.0",
            ]
            await client.post("/_local/clock", json={"advance_s": 3600, "step_s": 60})
            assert stage.clock.now_ms() == START_MS + 3_670_000

    theatre.play(act)


@pytest.mark.parametrize(
    "body", [{}, {"advance_s": "1"}, {"advance_s": 0}, {"advance_s": 1, "step_s": -1}, []]
)
def test_clock_is_not_moved_by_nonsense(theatre: Theatre, body: object) -> None:
    async def act(stage: Stage) -> None:
        async with httpx.AsyncClient(base_url=stage.url, trust_env=False) as client:
            answer = await client.post("/_local/clock", json=body)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])
        assert stage.clock.now_ms() == START_MS

    theatre.play(act)
