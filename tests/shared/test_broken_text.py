"""Half a character anywhere in a callback: U+FFFD stands for it, the rest is kept, nothing fails on it."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
import responses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import log
from shared.callbacks import ROOM_EVENTS, Callback, parse_event, receive_callback
from shared.errors import SignatureError
from shared.ledger import Ledger
from shared.lifecycle.events import act_on
from shared.lifecycle.outcome import write_outcomes
from shared.reading.kept import KeptTranscripts
from shared.room import Room
from shared.scf import REPLACEMENT, begin_invocation, mend_json
from shared.transcripts.files import write_document, write_srt, write_text, write_webvtt
from tests.shared.posted_callbacks import APP, post, receive
from tests.support.event_samples import LoadEvent
from tests.support.faked_api import LIVES, STARTED, make_stage
from tests.support.instance import SDK_APP_ID

NOW_MS = 1687770730500
# As they stand in a body: an escape of half a pair, either half, both in the wrong order; bytes cut
# inside a character of two, three and four; what an encoder makes that knows no pairs; no text at all.
BROKEN = [
    *(rb"\ud83d", rb"\uDE00", rb"\ude00\ud83d", rb"\ud83dx"),
    *("é".encode()[:1], "早".encode()[:2], "😀".encode()[:3], b"\xed\xa0\xbd", b"\xff"),
]
WHOLE = ["😀", r"\ud83d\ude00", r"\\ud83d", "早上好", "plain"]
SAMPLES = {
    "string-room-created": ["RoomId", "UserId", "Extra"],
    "user-entered-anchor": ["UserId", "Extra"],
    "user-left": ["UserId"],
    "audio-started": ["UserId"],
    "string-room-dismissed": ["RoomId", "Extra"],
    "ai-sentence": ["TaskId", "Payload.UserId", "Payload.Text", "Payload.RoundId", "Payload.New"],
    "cloud-transcription-started": ["TaskId", "RobotId", "Payload.New", "Extra"],
}
MARK = "@@"


def place_mark(event: dict[str, Any], field: str) -> bytes:
    """The event's body, with a mark in the middle of one of EventInfo's texts."""
    *path, name = field.split(".")
    fields = event["EventInfo"]
    for key in path:
        fields = fields[key]
    text = str(fields.get(name, "text"))
    fields[name] = f"{text[:2]}{MARK}{text[2:]}"
    return json.dumps(event).encode()


def break_text(body: bytes, broken: bytes) -> bytes:
    return body.replace(MARK.encode(), broken)


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize(
    ("sample", "field"), [(name, field) for name, fields in SAMPLES.items() for field in fields]
)
def test_every_event_is_read_with_the_rest_of_its_text(
    load_event: LoadEvent, sample: str, field: str, broken: bytes
) -> None:
    event = load_event(sample)
    body = place_mark(load_event(sample), field)
    now_ms = event["CallbackTs"]
    whole = receive(post(break_text(body, b"?")), now_ms)
    mended = receive(post(break_text(body, broken)), now_ms)
    assert bool(mended.task) == bool(whole.task)
    assert (mended.event_type, mended.event_ms) == (whole.event_type, whole.event_ms)
    assert REPLACEMENT in repr_all(mended) or field.endswith(("RoundId", "New", "Extra"))
    assert forget_marks(repr_all(mended)) == forget_marks(repr_all(whole))


def repr_all(callback: Callback) -> str:
    """All that is read, also what a repr does not tell."""
    said, task = callback.said, callback.task
    words = [said.said, said.translations] if said else []
    texts = [each.text for each in words if each and not isinstance(each, dict)]
    users = [each.user_id for each in words if each and not isinstance(each, dict)]
    told = [*callback.room, callback.user_id, callback.role, callback.event_type, callback.event_ms]
    told += [task.task_id, task.bot_user_id] if task else []
    return json.dumps([told, texts, users], ensure_ascii=False)


def forget_marks(text: str) -> str:
    for each in (REPLACEMENT, "?", "x"):
        text = text.replace(each, "")
    return text


@pytest.mark.parametrize("text", WHOLE)
def test_whole_text_stays_as_it_is(load_event: LoadEvent, text: str) -> None:
    body = place_mark(load_event("ai-sentence"), "Payload.Text").replace(b"@@", text.encode())
    said = receive(post(body), 1687770735166).said
    assert said
    assert said.said
    assert said.said.text == json.loads(body)["EventInfo"]["Payload"]["Text"]


def test_sentence_cut_inside_a_character_keeps_the_rest(load_event: LoadEvent) -> None:
    body = place_mark(load_event("ai-sentence"), "Payload.Text")
    said = receive(post(break_text(body, "早".encode()[:2])), 1687770735166).said
    assert said
    assert said.said
    assert (said.said.text, said.opaque) == ("go\ufffdod morning", "")


def test_room_id_of_the_longest_kind_may_be_broken() -> None:
    info = b'{"RoomId": "%s\\ud83d", "EventMsTs": %d, "UserId": "u"}' % (b"x" * 61, NOW_MS)
    body = b'{"EventType": 101, "CallbackTs": %d, "EventInfo": %s}' % (NOW_MS, info)
    assert receive(post(body)).room.room_id == "x" * 61 + REPLACEMENT
    all_broken = body.replace(b"x" * 61 + b"\\ud83d", b"\xff" * 64)
    assert receive(post(all_broken)).room.room_id == REPLACEMENT * 64


def test_sign_is_of_the_bytes_that_came(load_event: LoadEvent) -> None:
    body = break_text(place_mark(load_event("ai-sentence"), "Payload.Text"), b"\xff")
    event = post(mend_json(body))
    event["headers"] = post(body)["headers"]
    with pytest.raises(SignatureError):
        receive_callback(event, [APP], 1687770735166, 300)


def test_direct_invocation_may_have_half_a_pair(load_event: LoadEvent) -> None:
    event = load_event("string-room-created")
    event["EventInfo"] |= {"RoomId": "a\ud83d", "UserId": "\udc00b", "Extra": ["\ud83d\ude00"]}
    callback = receive_callback(event, [APP], NOW_MS, 300)
    assert (callback.room.room_id, callback.user_id) == ("a\ufffd", "\ufffdb")


PIECES = st.sampled_from([*BROKEN, b"a", b" ", b"/", b"\\n", b"\\\\", *(w.encode() for w in WHOLE)])
NUMBERS = itertools.count()
TEXTS = st.lists(PIECES, min_size=1, max_size=5).map(b"".join)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(room=TEXTS, user=TEXTS, said=TEXTS, translated=TEXTS, robot=TEXTS)
def test_nothing_that_follows_can_fail_on_what_was_broken(
    ledger_url: str,
    faked_http: None,
    room: bytes,
    user: bytes,
    said: bytes,
    translated: bytes,
    robot: bytes,
) -> None:
    log.begin_logging(begin_invocation({}))
    number = next(NUMBERS)
    room = b"%d" % number + room.replace(b"\\n", b"")  # a new one each time
    user = b"u" + user.replace(b"\\n", b"")
    said = b"s" + said  # blank text is none
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        stage = make_stage(api, ledger_url)
        stage.sleep(number * 60)
        stage.answer("CreateCloudTranscription", STARTED)
        stage.answer("DescribeCloudTranscription", LIVES)
        stage.answer("DeleteCloudTranscription", STARTED)
        for event_type, info in list_events(room, user, said, translated, robot):
            info = b'"EventMsTs": %d, %s' % (stage.now_ms, info)
            body = b'{"EventType": %d, "CallbackTs": %d, "EventInfo": {%s}}'
            body %= (event_type, stage.now_ms, info)
            callback = receive(post(body), stage.now_ms)
            assert callback.event_type in ROOM_EVENTS or callback.task
            outcomes = act_on(callback, stage.resources)
            assert {outcome.http_status for outcome in outcomes} == {200}, outcomes
            write_outcomes(outcomes)
            stage.sleep(1)
        ledger = stage.resources.ledger
        (session,) = ledger.list_sessions(Room(APP.sdk_app_id, callback.room.room_id, 1), 2)
        check_formats(ledger, session.id)


def list_events(
    room: bytes, user: bytes, said: bytes, translated: bytes, robot: bytes
) -> list[tuple[int, bytes]]:
    where = b'"RoomId": "%s", "RoomIdType": 1' % room
    task = b'%s, "TaskId": "task-1", "RobotId": "%s"' % (where, robot)
    words = b'"UserId": "%s", "Text": "%s", "RoundId": "%s"' % (user, said, said)
    other = b'"TranslationText": "%s", "TranslationLanguage": "%s"' % (translated, translated)
    return [
        (101, b'%s, "UserId": "%s"' % (where, user)),
        (103, b'%s, "UserId": "%s", "Role": 20' % (where, user)),
        (1401, b'%s, "Payload": {"Status": 0, "%s": "%s"}' % (task, said, said)),
        (1403, b'%s, "Payload": {%s}' % (task, words)),
        (1404, b'%s, "Payload": {%s, %s}' % (task, words, other)),
        (1403, b'%s, "Payload": "%s"' % (task, said)),
        (104, b'%s, "UserId": "%s"' % (where, user)),
        (102, where),
    ]


def check_formats(ledger: Ledger, session_id: str) -> None:
    """Every file of the session can be written, and be sent as UTF-8."""
    transcripts = KeptTranscripts(ledger, 0)
    head = transcripts.read_head(session_id)
    assert head
    transcript = transcripts.read(head, 0)
    assert transcript.sentences
    for write in (write_document, write_webvtt, write_srt, write_text):
        assert write(transcript).encode()


def test_two_broken_rooms_are_one_and_no_crash() -> None:
    infos = [{"RoomId": room, "EventMsTs": NOW_MS, "UserId": "u"} for room in ("\ud83d", "\ude00")]
    rooms = {
        parse_event(SDK_APP_ID, {"EventType": 101, "EventInfo": i}).room.room_id for i in infos
    }
    assert rooms == {REPLACEMENT}


@given(st.binary(max_size=200))
def test_what_is_no_json_comes_back_as_text(body: bytes) -> None:
    assert mend_json(body).decode() == body.decode("utf-8", "replace") or b"\\u" in body


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_mended_json_says_the_same_but_for_what_was_broken(text: str) -> None:
    expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert json.loads(mend_json(json.dumps([text, {text: 1}]).encode()))[0] == expected
