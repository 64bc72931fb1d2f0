"""read_transcript behind an operator's link: all meetings of one application, and of no other."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import read_transcript

from local.cloud.room_ids import CHARACTERS
from local.redis_server import RedisServer
from shared.ledger import Ledger, close_ledgers, open_ledger
from shared.ledger.deliveries import Delivery
from shared.links import sign_link
from shared.room import Room
from shared.rules.decision import Rule
from tests.functions.counting_proxy import counting_round_trips
from tests.support.instance import SDK_APP_ID as APP
from tests.support.instance import forget_instance
from tests.support.meeting_ledger import close_meeting, open_meeting
from tests.support.redis_servers import empty, wait_long

KEY, LINK_KEY = "the operator's own key", "a key that only the tests have"
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
TODAY_MS = time.time_ns() // 1_000_000 // DAY_MS * DAY_MS
T = TODAY_MS - 2 * DAY_MS  # a day begins in UTC
DAY = time.strftime("%Y-%m-%d", time.gmtime(T / 1000))
NEXT_DAY = time.strftime("%Y-%m-%d", time.gmtime(T / 1000 + 86_400))
REFUSAL = "This link cannot be opened"


@pytest.fixture(autouse=True)
def keys(environment: pytest.MonkeyPatch, room_ledger_url: str) -> None:
    environment.setenv("TRANSCRIPT_LINK_KEY", LINK_KEY)
    environment.setenv("OPERATOR_LINK_KEY", KEY)
    environment.setenv("LEDGER_URL", room_ledger_url)


@pytest.fixture
def ledger(keys: None, room_ledger_url: str) -> Iterator[Ledger]:
    yield open_ledger(room_ledger_url)
    close_ledgers()


def sign(app: int = APP, lifetime_s: int = 60, key: str = KEY) -> str:
    return sign_link(key, str(app), int(time.time()) + lifetime_s, "operator")


def get(path: str, method: str = "GET", **query: Any) -> Any:
    texts = {name.strip("_"): str(value) for name, value in query.items()}
    event = {"httpMethod": method, "path": path, "queryString": texts, "headers": {}}
    return read_transcript.main_handler(event, {"function_name": "read_transcript"})


def get_list(app: int = APP, **query: Any) -> Any:
    answer = get(f"/{sign(app)}.json", **query)
    assert answer["statusCode"] == 200
    return json.loads(answer["body"])


def names(app: int = APP, **query: Any) -> list[str]:
    return [meeting["room_id"] for meeting in get_list(app, **query)["meetings"]]


def test_meeting_is_told_with_all_that_is_known_of_it(ledger: Ledger) -> None:
    session = open_meeting(ledger, Room(APP, "class-7", 1), T)
    close_meeting(ledger, session, T + 90_000, ("ann", "li"), ("en", "zh"))
    document = get_list()
    (meeting,) = document.pop("meetings")
    link = meeting.pop("link")
    assert document == {
        "format": "roomscribe-meetings-1",
        "sdk_app_id": APP,
        "next": None,
        "scanned": 1,
    }
    assert meeting == {
        "session": session.id,
        "room_id": "class-7",
        "room_id_type": 1,
        "opened_ms": T,
        "opened": f"{DAY}T00:00:00Z",
        "closed_ms": T + 90_000,
        "closed": f"{DAY}T00:01:30Z",
        "state": "delivered",
        "minutes": 1.5,
        "rule": "bilingual class",
        "reference": "school-7",
        "services": ["cloud"],
        "languages": ["en", "zh"],
        "speakers": ["ann", "li"],
        "sentences": 6,
        "version": 7,
        "files": Delivery(languages=["en", "zh"], is_archived=True).files,
    }
    transcript = get(f"/{link}.json")
    assert json.loads(transcript["body"])["room_id"] == "class-7"


def test_what_is_not_delivered_yet_is_not_known(ledger: Ledger) -> None:
    open_meeting(ledger, Room(APP, "class-7", 1), TODAY_MS)
    (meeting,) = get_list()["meetings"]
    told = {name: meeting[name] for name in ("state", "closed", "sentences", "version", "speakers")}
    assert told == {
        "state": "live",
        "closed": None,
        "sentences": None,
        "version": None,
        "speakers": [],
    }
    assert meeting["minutes"] >= 0
    assert meeting["link"]


def test_meetings_are_found_by_each_filter(ledger: Ledger) -> None:
    days = [T, T + DAY_MS - 1, T + DAY_MS, T - 1]
    for number, at_ms in enumerate(days):
        session = open_meeting(ledger, Room(APP, f"class-{number}", 1), at_ms)
        if number < 2:
            speakers = ("ann", "li")[: number + 1]
            close_meeting(ledger, session, at_ms + 1_000, speakers, ("en", "zh-CN")[: number + 1])
    assert names() == ["class-2", "class-1", "class-0", "class-3"]
    assert names(day=DAY) == ["class-1", "class-0"]
    assert names(from_=DAY) == ["class-2", "class-1", "class-0"]
    assert names(to=DAY) == ["class-1", "class-0", "class-3"]
    assert names(from_=NEXT_DAY, to=NEXT_DAY) == ["class-2"]
    assert names(from_=NEXT_DAY, to=DAY) == []
    assert names(day="9999-12-31") == names(day="0001-01-01") == []
    assert names(room="class-1") == ["class-1"]
    assert names(room="lass") == []
    assert names(speaker="li") == ["class-1"]
    assert names(speaker="ann") == ["class-1", "class-0"]
    assert names(speaker="an") == []
    assert names(state="live") == ["class-2", "class-3"]
    assert names(state="delivered", day=DAY, speaker="li") == ["class-1"]
    assert names(language="ZH") == names(language="zh_cn") == ["class-1"]
    assert names(language="z") == names(language="zh-TW") == []


def test_deleted_and_overdue_meetings_give_no_link_or_do_not_appear(ledger: Ledger) -> None:
    deleted = open_meeting(ledger, Room(APP, "deleted", 1), T)
    close_meeting(ledger, deleted, T + 1_000, ("ann",), deleted=True)
    overdue = open_meeting(ledger, Room(APP, "overdue", 1), T - 40 * DAY_MS)
    close_meeting(ledger, overdue, T - 39 * DAY_MS, ("ann",))
    document = get_list()
    assert [(one["room_id"], one["state"], one["link"]) for one in document["meetings"]] == [
        ("deleted", "deleted", None)
    ]
    assert document["scanned"] == 2
    ledger.forget_old(T - 38 * DAY_MS)
    assert get_list()["scanned"] == 1


def test_failed_and_untranscribed_meetings_say_so(ledger: Ledger) -> None:
    open_meeting(ledger, Room(APP, "failed", 1), T, "failed")
    nothing = Rule(name="private", room=["*"], service="none")
    ledger.change(Room(APP, "private", 1), lambda book: book.open_session(T + 1, nothing))
    states = {one["room_id"]: one["state"] for one in get_list()["meetings"]}
    assert states == {"failed": "failed", "private": "not_transcribed"}


def test_pages_follow_each_other_also_in_one_ms_and_while_meetings_come_and_go(
    ledger: Ledger,
) -> None:
    sessions = [open_meeting(ledger, Room(APP, f"{100 + i}", i % 2), T + i // 9) for i in range(25)]
    met: list[str] = []
    query: dict[str, Any] = {"limit": 4}
    while True:
        page = get_list(**query)
        met += [one["session"] for one in page["meetings"]]
        number = len(met)
        open_meeting(ledger, Room(APP, f"new {number}", 1), T + 10 * DAY_MS + number)
        close_meeting(ledger, sessions[-number], T + DAY_MS)
        if page["next"] is None:
            break
        query["next"] = page["next"]
    assert sorted(met) == sorted(session.id for session in sessions)


def test_filter_looks_at_so_many_meetings_at_most_and_goes_on_from_there(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.reading.meetings.MOST_SCANNED", 5)
    monkeypatch.setattr("shared.reading.meetings.PIECE", 2)
    for number in range(12):
        open_meeting(ledger, Room(APP, "rare" if number == 1 else f"{number}", 1), T + number)
    found: list[str] = []
    scanned: list[int] = []
    query: dict[str, Any] = {"room": "rare"}
    while True:
        page = get_list(**query)
        found += [one["room_id"] for one in page["meetings"]]
        scanned.append(page["scanned"])
        query["next"] = page["next"]
        if page["next"] is None:
            break
    assert (found, scanned) == (["rare"], [5, 5, 2])


def test_applications_never_see_each_other(ledger: Ledger) -> None:
    other = APP + 1
    for number in range(4):
        open_meeting(ledger, Room(APP, f"own-{number}", 1), T + 2 * number)
        open_meeting(ledger, Room(other, f"their-{number}", 1), T + 2 * number + 1)
    theirs = get_list(other, limit=1)["next"]
    assert names(next=theirs) == ["own-3", "own-2", "own-1", "own-0"]
    assert names(room="their") == []
    assert names(next=theirs, state="live", limit=2) == ["own-3", "own-2"]
    assert names(other) == [f"their-{number}" for number in (3, 2, 1, 0)]
    assert names(APP + 2) == names(APP // 10) == []


@pytest.mark.parametrize("ending", ["", ".json"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: sign(lifetime_s=0),
        lambda: sign(key=LINK_KEY),
        lambda: sign()[:-1],
        lambda: f"{sign()}A",
        lambda: sign_link(KEY, str(APP), 2**33),
        lambda: sign_link(LINK_KEY, f"{APP}/1/class-7/{T}", 2**33, "operator"),
    ],
    ids=["expired", "other key", "shorter", "longer", "read link", "session as operator's"],
)
def test_whatever_is_wrong_with_a_link_is_answered_alike(make: Any, ending: str) -> None:
    answer = get(f"/{make()}{ending}")
    assert answer == get("/nonsense.json")
    assert (answer["statusCode"], REFUSAL in answer["body"]) == (403, True)


@pytest.mark.parametrize("ending", [".vtt", ".srt", ".txt", ".html", "/x"])
def test_list_has_no_other_form(ending: str) -> None:
    assert get(f"/{sign()}{ending}")["statusCode"] == 403


def test_equal_keys_do_not_make_equal_links(
    ledger: Ledger, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("OPERATOR_LINK_KEY", LINK_KEY)
    session = open_meeting(ledger, Room(APP, "class-7", 1), T)
    operator = sign(key=LINK_KEY)
    read = sign_link(LINK_KEY, session.id, int(time.time()) + 60)
    assert "roomscribe-meetings-1" in get(f"/{operator}.json")["body"]
    assert "roomscribe-transcript-1" in get(f"/{read}.json")["body"]
    app = sign_link(LINK_KEY, str(APP), int(time.time()) + 60)
    assert get(f"/{app}.json")["statusCode"] == 404  # a read link of no session


def test_without_an_operators_key_there_is_no_list(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("OPERATOR_LINK_KEY")
    assert get(f"/{sign(key='')}.json")["statusCode"] == 403


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "many"),
        ("day", "today"),
        ("from", "2026-13-01"),
        ("state", "dead"),
        ("next", "nonsense"),
        ("next", "MTIz"),
    ],
)
def test_senseless_search_is_refused_and_says_what_is_wrong(
    capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    query: dict[str, Any] = {name: text}
    answer = get(f"/{sign()}.json", **query)
    assert (answer["statusCode"], name in answer["body"]) == (400, True)
    assert json.loads(capsys.readouterr().out)["error_code"] == "bad_request"


def test_other_methods_are_answered_as_everywhere() -> None:
    assert get(f"/{sign()}.json", "POST")["statusCode"] == 405
    assert get(f"/{sign()}.json", "OPTIONS")["statusCode"] == 204
    head, full = get(f"/{sign()}.json", "HEAD"), get(f"/{sign()}.json")
    assert head["body"] == ""
    assert {**head, "body": full["body"]} == full


@pytest.mark.parametrize(
    "room_id", ["".join(sorted(CHARACTERS))[:64], "</script>", "عربي\u202e", "{{"]
)
def test_hostile_room_id_stands_in_the_list_as_it_is_and_in_no_header(
    ledger: Ledger, room_id: str
) -> None:
    open_meeting(ledger, Room(APP, room_id, 1), T)
    document = get_list(room=room_id)
    assert [one["room_id"] for one in document["meetings"]] == [room_id]
    first = get_list(limit=1)
    assert get_list(next=first["next"])["meetings"] == []
    assert room_id not in str(get(f"/{sign()}.json")["headers"])
    assert room_id not in get(f"/{sign()}")["body"].replace("</script>", "") or room_id == "{{"


def test_answers_are_for_nobody_else(ledger: Ledger) -> None:
    for ending in ("", ".json"):
        headers = get(f"/{sign()}{ending}")["headers"]
        assert headers["Cache-Control"] == "private, no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "ETag" not in headers


def test_log_has_counts_and_neither_link_nor_what_was_sought(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    open_meeting(ledger, Room(APP, "class-7", 1), T)
    capsys.readouterr()
    token = sign()
    get(f"/{token}.json", room="class", speaker="zoe")
    output = capsys.readouterr().out
    line = json.loads(output)
    told = ("message", "sdk_app_id", "outcome", "format", "count", "scanned")
    assert [line[name] for name in told] == ["meetings.read", APP, "read", "json", 0, 1]
    assert line["elapsed_ms"] >= 0
    assert not any(secret in output for secret in (token, "class", "zoe", KEY))


@pytest.mark.slow
def test_page_of_meetings_takes_three_round_trips_at_most(
    redis_server: RedisServer, environment: pytest.MonkeyPatch
) -> None:
    empty(redis_server)
    wait_long()
    with counting_round_trips(redis_server.port) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}/0"
        environment.setenv("LEDGER_URL", url)
        forget_instance()
        for number in range(120):
            open_meeting(open_ledger(url), Room(APP, f"{number}", number % 2), T + number)
        first = get_list()
        before = proxy.round_trips
        second = get_list(next=first["next"])
        assert len(second["meetings"]) == 50
        assert proxy.round_trips - before <= 3
