"""Records that newer code has written: what it added is kept, what it means otherwise is refused in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.inspect import type_info
from msgspec.structs import replace

from shared.console.describe import show_task
from shared.errors import NewerError, RulesError
from shared.ledger.deliveries import DELIVERIES
from shared.ledger.document import DOCUMENTS, SESSIONS, Half, Session
from shared.ledger.events import ENTRIES
from shared.ledger.names import USERS
from shared.ledger.sessions import PRESENCES
from shared.ledger.task import Attempt, Task, TaskId, Timing, Trouble
from shared.rules.decision import Rule
from shared.rules.file import override_rule, parse_rules
from shared.stored import Form, FrozenStored, Stored
from shared.traffic import TRAFFIC
from shared.transcripts.records import (
    DELETIONS,
    NEWS,
    NEWS_LISTS,
    Deletion,
    SentenceNews,
    Words,
    merge_sentence,
)
from tests.support.ledger_steps import ROOM, RULE, T

FORMS: list[Form[Any]] = [
    *(DOCUMENTS, SESSIONS, PRESENCES, DELIVERIES, ENTRIES, USERS, TRAFFIC),
    *(NEWS, NEWS_LISTS, DELETIONS),
]
RULES = Form(Rule)
LATER = '{"later":1}'
SAID = SentenceNews("k", "t", Words(T, "hi"))


def write_session() -> bytes:
    """A session with a part of every kind."""
    task = Task("+", "cloud", pending=Attempt("a", "cloud", 1, T))
    task.task_ids = [TaskId("t-1", "cloud", "r"), TaskId("t-2", "cloud", "r")]
    task.note_trouble("Busy", T)
    session = Session("id", ROOM, T, T, RULE, tasks={"+": task})
    return DOCUMENTS.encode((Half(sessions=[session]), Half(plan=RULE)))


def add_to_all(tree: Any, numbers: Iterator[int]) -> None:
    """Give each object one more field, last."""
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for child in [*children]:
        add_to_all(child, numbers)
    if (
        isinstance(tree, dict) and not {"+", "region"} & tree.keys()
    ):  # users' and Tencent's own keys
        tree["later"] = [next(numbers), {"text": '"+":"{'}]


def test_fields_that_newer_code_added_are_written_back_wherever_they_stood() -> None:
    tree = json.loads(write_session()[2:])
    add_to_all(tree, iter(range(100)))
    raw = b"1 " + json.dumps(tree, separators=(",", ":")).encode()
    assert raw.count(b"later") == 8
    assert DOCUMENTS.encode(DOCUMENTS.decode(raw)) == raw


def test_start_by_hand_overrides_a_rule_that_newer_code_added_to() -> None:
    cloud = '"cloud":{"region":"ap-singapore","language":"bigmodel-en"}'
    speakers = '"speakers":[{"user":["b"],"later":1}]'
    raw = f'1 {{"name":"a","room":["*"],"scope":"user",{cloud},{speakers},"later":2}}'
    rule = RULES.decode(raw.encode())
    changed = override_rule(rule, {"max_idle_s": 30}, "unknown")
    assert changed == replace(rule, max_idle_s=30)


def test_answers_and_archive_do_not_tell_of_what_newer_code_added() -> None:
    session = Session("id", ROOM, T, T, RULE)
    task = Task(
        "*", "cloud", task_ids=[TaskId("t-1", "cloud", "r", timing=Timing(T, unknown=LATER))]
    )
    task.troubles = [Trouble("Busy", T, T, unknown=LATER)]
    assert "later" not in json.dumps(show_task(session, task))


def test_they_follow_the_object_they_belong_to() -> None:
    raw = b'1 {"key":"k","task_id":"t","said":{"event_ms":1,"text":"a","sure":9},"said_twice":true}'
    known = NEWS.decode(raw)
    later = SentenceNews("k", "t", Words(2, "b"))
    for merged in (merge_sentence(known, later), merge_sentence(later, known)):
        assert NEWS.encode(merged) == (
            b'1 {"key":"k","task_id":"t","said":{"event_ms":2,"text":"b"},"said_twice":true}'
        )
    same = SentenceNews("k", "t", Words(1, "a"))
    assert merge_sentence(known, same) is known
    assert merge_sentence(same, known) == known


@pytest.mark.parametrize("user_id", [None, "ann"])
def test_they_outlive_one_more_deletion(user_id: str | None) -> None:
    deletion = DELETIONS.decode(b'1 {"until_ms":5,"version":1,"why":"asked"}')
    followed = json.loads(DELETIONS.write(deletion.follow(9, 1, ["k"], user_id)))
    assert (followed["why"], followed["version"]) == ("asked", 2)
    assert DELETIONS.decode(DELETIONS.encode(Deletion())) == Deletion()


def test_they_outlive_trouble_that_comes_again() -> None:
    task = Task("*", "cloud")
    task.note_trouble("Busy", T)
    task.troubles[0] = replace(task.troubles[0], unknown='{"node":7}')
    task.note_trouble("Busy", T + 1, "request")
    (trouble,) = task.troubles
    assert (trouble.first_ms, trouble.last_ms, trouble.times) == (T, T + 1, 2)
    assert (trouble.request_id, trouble.unknown) == ("request", '{"node":7}')


@pytest.mark.parametrize(
    "raw",
    [b'2 {"key":"k"}', b"12 [1]", b'1 {"key":5,"task_id":"t"}', b'1 {"task_id":"t"}', b"1 [1]"],
)
def test_what_only_newer_code_can_read_is_said_to_be_that(raw: bytes) -> None:
    with pytest.raises(NewerError, match="by a newer version of Roomscribe; finish the deploy"):
        NEWS.decode(raw)


def test_state_that_is_not_known_is_not_guessed_at() -> None:
    raw = SESSIONS.encode(Session("id", ROOM, T, T, RULE, tasks={"*": Task("*", "cloud")}))
    tree = json.loads(raw[2:])
    tree["tasks"]["*"]["state"] = "paused"
    with pytest.raises(NewerError):
        SESSIONS.decode(b"1 " + json.dumps(tree).encode())


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"key":"k"}', b"1 {", b"1 \xff"])
def test_what_is_no_record_is_another_error(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whoever asks has words of their own
        NEWS.decode(raw)


def test_every_part_of_a_record_keeps_what_it_does_not_know() -> None:
    kinds: set[type] = set()
    left = [type_info(form._kind) for form in FORMS]  # noqa: SLF001
    while left:
        kind = left.pop()
        cls = getattr(kind, "cls", None)
        if cls not in kinds:
            kinds |= {cls} if cls else set()
            left += [field.type for field in getattr(kind, "fields", ())]
            left += [
                getattr(kind, name) for name in ("item_type", "value_type") if hasattr(kind, name)
            ]
            left += [*getattr(kind, "item_types", ()), *getattr(kind, "types", ())]
    structs = {kind for kind in kinds if hasattr(kind, "__struct_fields__")}
    assert len(structs) > 15
    assert not [kind for kind in structs if not issubclass(kind, Stored | FrozenStored)]


@pytest.mark.parametrize("key", ["unknown", '"+"'])
def test_no_rule_can_be_written_with_fields_that_are_not_known(key: str) -> None:
    text = f'[[rules]]\nname = "all"\nroom = "*"\n{key} = "x"\n'
    with pytest.raises(RulesError, match="unknown key"):
        parse_rules(text)
