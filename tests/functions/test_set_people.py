"""set_people as the console invokes it, and what readers see of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import read_transcript
import set_people
from msgspec.structs import replace

from local.redis_server import RedisServer
from shared.ledger import Ledger, RoomBook, open_ledger
from shared.ledger.names import read_names
from shared.links import sign_link
from shared.rules.decision import NOTICE
from tests.functions.counting_proxy import counting_round_trips
from tests.support.ledger_steps import APP, hear, open_session
from tests.support.redis_servers import empty, wait_long

KEY = "a key of these tests"
LONGEST = "x" * 64


@pytest.fixture
def ledger(environment: pytest.MonkeyPatch, room_ledger_url: str) -> Ledger:
    environment.setenv("LEDGER_URL", room_ledger_url)
    environment.setenv("TRANSCRIPT_LINK_KEY", KEY)
    return open_ledger(room_ledger_url)


def tell(event: object) -> dict[str, Any]:
    return set_people.main_handler(event, {"request_id": "r", "time_limit_in_ms": 10_000})


def find_name(ledger: Ledger, user_id: str = "amy") -> str | None:
    user = read_names(ledger, APP, [user_id]).get(user_id)
    return user.name if user else None


def test_names_are_told_and_told_again(ledger: Ledger) -> None:
    event = {"people": [{"user_id": "amy", "name": "Amy Lee"}, {"user_id": "bob", "name": None}]}
    assert tell(event) == {"outcome": "changed", "set": 1, "forgotten": 0, "unchanged": 1}
    assert tell(event) == {"outcome": "unchanged", "set": 0, "forgotten": 0, "unchanged": 2}
    assert find_name(ledger) == "Amy Lee"
    forget = {"user_id": "amy", "name": None, "sdk_app_id": APP}
    assert tell(forget) == {"outcome": "changed", "set": 0, "forgotten": 1, "unchanged": 0}
    assert find_name(ledger) is None


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("  Amy ", "Amy"),
        ("Ame\u0301lie", "Amélie"),
        (LONGEST, LONGEST),
        ("山田\u3000太郎", "山田\u3000太郎"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🔬 Ann", "👩\u200d🔬 Ann"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
    ],
)
def test_name_is_kept_as_it_is_meant(ledger: Ledger, told: str, kept: str) -> None:
    assert tell({"user_id": "amy", "name": told})["set"] == 1
    assert find_name(ledger) == kept


@pytest.mark.parametrize(
    "name",
    [
        *("", "  ", "\u3000", "\u200d", LONGEST + "x", "a\nb", "a\tb", "a\x00b", "\u202eyma"),
        *("a\u2066b", "a\u200fb", "a\u2028b", "a\ufeffb", "a\x85b", "\ud800", 7, ["Amy"], {}),
    ],
)
def test_what_is_no_name_is_refused_with_all_others(ledger: Ledger, name: object) -> None:
    good = {"user_id": "bob", "name": "Bob"}
    answer = tell({"people": [good, {"user_id": "amy", "name": name}]})
    assert (answer["outcome"], answer["error_code"]) == ("error", "bad_request")
    assert answer["example"] == set_people.EXAMPLE
    assert find_name(ledger, "bob") is None


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"user_id": "Secret"}, "`name`"),
        ({"name": "Secret"}, "`user_id`"),
        ({"people": []}, "people"),
        ({"people": {"Secret": "amy"}}, "array"),
        ({"people": [{"user_id": "amy", "Secret": "amy", "name": "Secret"}]}, "a key is unknown"),
        ({"user_id": "amy", "name": "Secret", "opted": True}, "a key is unknown"),
        ({"user_id": "amy", "name": "Secret", "opted_out": "yes"}, "opted_out"),
        ({"user_id": "amy", "opted_out": True, "room_id": "Secret"}, "room_id_type"),
        ({"user_id": "amy", "opted_out": True, "room_id_type": 1}, "room_id"),
        (
            {"user_id": "amy", "name": "Secret", "room_id": "1", "room_id_type": 1},
            "a name is not of one room",
        ),
        ({"user_id": "*", "name": "Secret"}, "people[0].user_id"),
        ({"user_id": "Secret" * 6, "name": "Secret"}, "user_id"),
        ({"user_id": "amy", "name": "Secret" * 11}, "people[0].name"),
        ({"user_id": "amy", "name": "Secret\n!"}, "people[0].name"),
        ({"user_id": "amy", "name": "Secret", "sdk_app_id": 5}, "sdk_app_id"),
        ({"people": [{"user_id": "amy", "name": "Secret"}] * 501}, "500"),
        ({"httpMethod": "POST", "user_id": "amy", "name": "Secret"}, "send a JSON event"),
    ],
)
def test_mistake_is_named_without_a_name(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], event: dict[str, Any], said: str
) -> None:
    answer = tell(event)
    assert answer["outcome"] == "error"
    assert said in answer["message"]
    assert "Secret" not in f"{answer}{capsys.readouterr().out}"


def test_log_and_answer_have_counts_and_no_name(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = tell(
        {"people": [{"user_id": "amy", "name": "Secret"}, {"user_id": "li", "name": None}]}
    )
    output = capsys.readouterr().out
    line = json.loads(output)
    counts = {"outcome": "changed", "set": 1, "forgotten": 0, "unchanged": 1}
    assert line["message"] == "people.set"
    assert {key: line[key] for key in counts} == counts == answer
    assert not any(word in f"{answer}{output}" for word in ("Secret", "amy", '"li"'))


def test_needs_a_ledger_that_all_share(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TENCENTCLOUD_RUNENV", "SCF")  # there, a file is one instance's own
    assert tell({"user_id": "amy", "name": "Amy"})["error_code"] == "ledger_not_shared"


def get(session_id: str, since: str = "", etag: str = "", form: str = "json") -> Any:
    link = sign_link(KEY, session_id, 2**33)
    event = {"httpMethod": "GET", "path": f"/{link}.{form}", "headers": {"if-none-match": etag}}
    return read_transcript.main_handler({**event, "queryString": {"since": since}}, {})


def test_reader_sees_names_as_they_change(ledger: Ledger) -> None:
    session = open_session(ledger)
    ledger.keep_sentence(session, hear(1))
    before = get(session.id)
    assert "names" not in json.loads(before["body"])
    tell({"user_id": "ann", "name": "Ann Lee"})
    tell({"user_id": "nobody here", "name": "Secret"})
    assert "<v Ann Lee>" in get(session.id, form="vtt")["body"]
    old = json.loads(before["body"])["next"]
    named = get(session.id, old, before["headers"]["ETag"])
    news = json.loads(named["body"])
    assert (news["complete"], news["sentences"], news["names"]) == (False, [], {"ann": "Ann Lee"})
    assert get(session.id, news["next"], named["headers"]["ETag"])["statusCode"] == 304
    assert "names" not in json.loads(get(session.id, news["next"])["body"])
    ledger.keep_sentence(session, hear(2))
    (said,) = [json.loads(get(session.id, news["next"])["body"])]
    assert ([each["text"] for each in said["sentences"]], said["names"]) == (
        ["sentence 2"],
        {"ann": "Ann Lee"},
    )
    tell({"user_id": "ann", "name": None})
    forgotten = json.loads(get(session.id, said["next"])["body"])
    assert (forgotten["sentences"], forgotten["names"]) == ([], {"ann": None})
    assert "names" not in json.loads(get(session.id)["body"])
    assert "Lee" not in get(session.id, form="srt")["body"]


@pytest.mark.slow
def test_names_cost_a_poll_that_finds_nothing_new_no_round_trip(
    environment: pytest.MonkeyPatch, redis_server: RedisServer
) -> None:
    empty(redis_server)
    wait_long()
    with counting_round_trips(redis_server.port) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}/0"
        environment.setenv("LEDGER_URL", url)
        environment.setenv("TRANSCRIPT_LINK_KEY", KEY)
        ledger = open_ledger(url)
        session = open_session(ledger)
        ledger.keep_sentence(session, hear(1))

        def count(since: str = "", etag: str = "") -> tuple[int, Any]:
            before = proxy.round_trips
            answer = get(session.id, since, etag)
            return proxy.round_trips - before, answer

        count()
        _, plain = count()
        assert count(etag=plain["headers"]["ETag"])[0] == 2  # the session, and its version
        tell({"user_id": "ann", "name": "Ann Lee"})
        _, named = count()
        assert count(etag=named["headers"]["ETag"])[0] == 2
        ledger.keep_sentence(session, hear(2))
        trips, _ = count(json.loads(named["body"])["next"])
        assert trips == 5  # what changed, the sentences, and one for their speakers' names


def test_names_and_opt_outs_are_told_together(ledger: Ledger) -> None:
    people = [
        {"user_id": "amy", "name": "Amy", "opted_out": True},
        {"user_id": "bob", "name": None},
    ]
    counts = {"set": 1, "forgotten": 0, "unchanged": 1, "opted_out": 1, "opted_in": 0, "rooms": 0}
    assert tell({"people": people}) == {"outcome": "changed", **counts}
    assert find_name(ledger) == "Amy"
    back = tell({"user_id": "amy", "opted_out": False})
    assert (back["outcome"], back["opted_in"]) == ("changed", 1)
    assert find_name(ledger) == "Amy"


def test_room_of_an_opt_out_is_one_that_there_can_be(ledger: Ledger) -> None:
    event = {"user_id": "amy", "opted_out": True, "room_id_type": 0}
    assert "has a number" in tell({**event, "room_id": "abc"})["message"]
    assert tell({**event, "room_id": 7})["opted_out"] == 1
    assert tell({**event, "room_id": "7"})["opted_out"] == 0


def test_reader_is_told_that_the_room_is_transcribed_and_by_whom(ledger: Ledger) -> None:
    session = open_session(ledger)
    assert json.loads(get(session.id)["body"])["notice"] == NOTICE

    def name(book: RoomBook) -> None:
        known = book.get(session.id)
        known.rule = replace(known.rule, notice="Transcribed for Example Ltd.")

    ledger.change(session.room, name)
    for form in ("json", "vtt", "txt"):
        assert "Transcribed for Example Ltd." in get(session.id, form=form)["body"]

    def refuse(book: RoomBook) -> None:
        known = book.get(session.id)
        known.rule, known.tasks = replace(known.rule, service="none"), {}

    ledger.change(session.room, refuse)
    for form in ("json", "vtt", "txt"):
        assert "Transcribed" not in get(session.id, form=form)["body"]
    assert "this room is not transcribed" in get(session.id, form="txt")["body"]
