"""The package on something like SCF: every function, every trigger, and a room that starts a task."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.redis_server import RedisServer
from shared.scf import Json
from tests.support.emulator import (
    APPLICATION,
    SDK_APP_ID,
    SECRET_ID,
    SECRET_KEY,
    Received,
    RunningCloud,
    running_cloud,
)
from tests.support.event_samples import EVENTS, LoadEvent
from tests.support.packages import Package, Ran, unpack_package
from tests.support.redis_servers import empty

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TRIGGERS = sorted(path.stem for path in (EVENTS / "triggers").glob("*.json"))
OVER_HTTP = ("api-gateway", "clb", "function-url")  # to whom no function but trtc_callback answers
BY_HAND = (
    *("start_transcription", "stop_transcription", "describe_room", "delete_transcript"),
    "set_people",
    "describe_fleet",
    "list_missed",
    "reconcile_rooms",
)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return unpack_package(tmp_path_factory.mktemp("package"))


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with running_cloud(callbacks=True) as cloud:
        yield cloud


class Scf:
    """Runs packaged functions with a role's credentials, against an emulator."""

    def __init__(
        self, package: Package, folder: Path, endpoint: str = "http://127.0.0.1:9"
    ) -> None:
        self.package = package
        self.told = folder / "told.json"
        self.settings = {
            "TRTC_SDK_APP_ID": str(SDK_APP_ID),
            "TRTC_SDK_SECRET_KEY": APPLICATION.secret_key,
            "TRTC_CALLBACK_KEY": APPLICATION.callback_key,
            "TENCENTCLOUD_SECRETID": SECRET_ID,
            "TENCENTCLOUD_SECRETKEY": SECRET_KEY,
            "TRTC_ENDPOINT": endpoint,
            "LEDGER_URL": f"sqlite:///{folder}/ledger.db",
        }

    def run(self, function: str, *events: object) -> Ran:
        return self.package.run(function, *events, settings=self.settings, told=self.told)


@pytest.fixture
def scf(package: Package, cloud: RunningCloud, tmp_path: Path) -> Scf:
    return Scf(package, tmp_path, cloud.url)


def write_url_event(callback: Received) -> Json:
    """A callback as a function URL hands it over."""
    return {
        "body": callback.body.decode(),
        "headers": dict(callback.headers),
        "httpMethod": "POST",
        "path": "/",
        "queryString": {},
    }


def load_triggers(load_event: LoadEvent) -> list[Json]:
    """What SCF hands over for each kind of trigger."""
    return [load_event(f"triggers/{trigger}") for trigger in TRIGGERS]


def create_room(cloud: RunningCloud) -> Json:
    """Open a room in the emulator; the callback that TRTC sends for it."""
    cloud.create(1234)
    (created,) = [one for one in cloud.take_callbacks() if one.event_type == 101]
    return write_url_event(created)


def test_callback_function_turns_other_triggers_away(
    package: Package, tmp_path: Path, load_event: LoadEvent
) -> None:
    ran = Scf(package, tmp_path).run("trtc_callback", *load_triggers(load_event))
    statuses = {
        trigger: result["statusCode"] for trigger, result in zip(TRIGGERS, ran.results, strict=True)
    }
    assert statuses == dict.fromkeys(TRIGGERS, 400) | {
        "function-url": 401,
        "api-gateway": 401,
        "clb": 405,
    }
    assert {line["message"] for line in ran.lines} == {"callback.refused"}


def test_deliveries_says_what_to_send_instead(
    package: Package, tmp_path: Path, load_event: LoadEvent
) -> None:
    ran = Scf(package, tmp_path).run("deliveries", *load_triggers(load_event))
    assert [result["error_code"] for result in ran.results] == ["bad_request"] * len(TRIGGERS)
    assert {result["example"]["action"] for result in ran.results} == {"list"}


def test_deployment_checks_itself(scf: Scf) -> None:
    (answer,) = scf.run("check_deployment", {}).results
    levels = {one["check"]: one["level"] for one in answer["findings"]}
    assert levels == dict.fromkeys(("ledger", "API", "archive", "events"), "ok")


@pytest.mark.parametrize("function", BY_HAND)
def test_function_for_people_says_what_to_send_instead(
    package: Package, tmp_path: Path, load_event: LoadEvent, function: str
) -> None:
    ran = Scf(package, tmp_path).run(function, *load_triggers(load_event))
    assert [result["error_code"] for result in ran.results] == ["bad_request"] * len(TRIGGERS)
    others = {"set_people": "people", "describe_fleet": "limit"}
    others |= dict.fromkeys(("list_missed", "reconcile_rooms"), "since")
    about = others.get(function, "room_id")
    assert all(about in result["example"] for result in ran.results)
    assert {line["message"] for line in ran.lines} == {"request.refused"}


def test_reader_has_its_page_with_it(package: Package, tmp_path: Path) -> None:
    scf = Scf(package, tmp_path)
    scf.settings |= {
        "LEDGER_URL": "redis://127.0.0.1:9/0",
        "TRANSCRIPT_LINK_KEY": "a key of a test!",
    }
    (answer,) = scf.run("read_transcript", {"httpMethod": "GET", "path": "/wrong"}).results
    assert (answer["statusCode"], "<title>" in answer["body"]) == (403, True)
    pages = sorted((ROOT / "shared" / "reading" / "page").iterdir())
    packed = sorted((package.folder / "shared" / "reading" / "page").iterdir())
    assert [path.name for path in packed] == [path.name for path in pages]


def test_drainer_takes_any_event_but_one_over_http(
    package: Package, tmp_path: Path, load_event: LoadEvent
) -> None:
    ran = Scf(package, tmp_path).run("drain_starts", *load_triggers(load_event))
    codes = [result["error_code"] for result in ran.results]
    assert codes == [
        "bad_request" if trigger in OVER_HTTP else "ledger_not_shared" for trigger in TRIGGERS
    ]


def test_room_that_is_created_starts_one_task(scf: Scf, cloud: RunningCloud) -> None:
    event = create_room(cloud)
    ran = scf.run("trtc_callback", event, event)
    assert [result["statusCode"] for result in ran.results] == [200, 200]
    assert [line["message"] for line in ran.lines] == [
        "transcription.started",
        "transcription.unchanged",
    ]
    assert [task["status"] for task in cloud.list_tasks()] == ["InProgress"]


def test_nothing_but_the_package_and_the_standard_library_is_imported(
    scf: Scf, cloud: RunningCloud
) -> None:
    ran = scf.run("trtc_callback", create_room(cloud))
    others = [file for file in ran.files if not file.is_relative_to(scf.package.folder)]
    assert not [file for file in others if "site-packages" in file.parts]
    assert {"shared", "tencentcloud"} <= {
        file.relative_to(scf.package.folder).parts[0] for file in ran.files if file not in others
    }


def test_bytecode_counts_whatever_the_sources_say(
    package: Package, tmp_path: Path, load_event: LoadEvent
) -> None:
    """As on SCF: unzipping gave every file a new time, and nobody may write new bytecode."""
    for path in package.folder.rglob("*.pyc"):
        assert path.read_bytes()[4:8] == b"\x01\x00\x00\x00", path  # a hash, and never checked
    sources = set(package.folder.rglob("*.py"))
    compiled = {
        path.parent.parent / f"{path.name.partition('.')[0]}.py"
        for path in package.folder.rglob("*.pyc")
    }
    assert compiled == sources
    changed = package.folder / "shared" / "scf.py"
    text = changed.read_text()
    changed.chmod(0o644)
    try:
        changed.write_text("raise SystemExit('the source was compiled')\n")
        ran = Scf(package, tmp_path).run("describe_room", load_event("triggers/timer"))
        assert ran.results[0]["error_code"] == "bad_request"
    finally:
        changed.write_text(text)
        changed.chmod(0o444)


def test_redis_is_a_ledger_that_instances_share(
    scf: Scf, cloud: RunningCloud, redis_server: RedisServer, load_event: LoadEvent
) -> None:
    empty(redis_server)
    scf.settings["LEDGER_URL"] = redis_server.url
    (started,) = scf.run("trtc_callback", create_room(cloud)).results
    assert started["statusCode"] == 200
    (drained,) = scf.run("drain_starts", load_event("triggers/timer")).results
    assert drained["outcome"] == "drained"
    (described,) = scf.run("describe_room", {"room_id": "1234", "room_id_type": 0}).results
    assert read_states(described) == ["running"]


def read_states(described: dict[str, Any]) -> list[str]:
    """The state of each task that describe_room tells of."""
    return [task["state"] for session in described["sessions"] for task in session["tasks"]]
