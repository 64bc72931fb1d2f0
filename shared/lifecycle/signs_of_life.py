"""What shows that somebody is in a room: events about people, and sentences that tasks have heard.

Also rooms that stay silent although a microphone is on, which only the sweep can notice.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from shared.ledger import Hearing, Person, Session, Task, TaskId
from shared.lifecycle.outcome import Fields, Outcome, describe_task
from shared.resources import Resources
from shared.room import WHOLE_ROOM
from shared.rules.decision import Rule
from shared.transcripts.records import SentenceNews

FRESH_MS = 10_000  # after a start, the API may not know its own task yet
HEARD_MS = 30_000  # a task whose sentence is no older has hardly ended
ABANDONED_MS = 86_400_000
# People who have something to say seldom pause for so long; whoever listens turns the microphone off.
SILENT_MS = 180_000


def listen(session: Session, task: Task, resources: Resources) -> Hearing:
    """What has been said to a task so far; only what is new since the last `listen` kept is read."""
    known, ledger = task.hearing, resources.ledger
    version = ledger.read_version(session.id).latest
    if version == known.version:
        return known
    ids = {task_id.task_id for task_id in task.task_ids}
    told_ms = [
        news.said.event_ms
        for news in ledger.list_sentences(session, known.version)
        if news.said and news.task_id in ids
    ]
    return replace(known, version=version, last_ms=max([known.last_ms, *told_ms]))


def find_doubted_until_ms(session: Session, task_id: TaskId, resources: Resources) -> int:
    """Until when (ms since 1970) an answer that a 2.0 task does not exist is not believed; 0: it is.

    Source: none says how soon Describe knows a new task; 1.0 documents its answer as final.
    """
    if task_id.service != "cloud":
        return 0
    # A TaskId found just now is not in the session as the caller has read it, and has heard nothing.
    task = next((one for one in session.tasks.values() if one.find(task_id.task_id)), None)
    now_ms, heard_ms = resources.now_ms(), listen(session, task, resources).last_ms if task else 0
    until_ms = max(task_id.started_ms + FRESH_MS, heard_ms + HEARD_MS)
    return min(until_ms, now_ms + HEARD_MS) if until_ms > now_ms else 0


def list_people(session: Session, resources: Resources, *, heard: bool = True) -> list[Person]:
    """Everybody seen in a session, or heard, unless not `heard`, by name."""
    sentences = resources.ledger.list_sentences(session, 0) if heard else ()
    return add_heard(resources.ledger.list_people(session), sentences)


def add_heard(seen: Iterable[Person], sentences: Iterable[SentenceNews]) -> list[Person]:
    """Everybody seen, or heard in these sentences, by name.

    Somebody who began a sentence after the newest event about their presence is there: a leave may be
    that of an old device of theirs.
    """
    people = {person.user_id: person for person in seen}
    for news in sentences:
        words = news.said
        if words is None or not words.user_id:
            continue
        began_ms = words.event_ms - max(words.end_ms - words.start_ms, 0)
        known = people.get(words.user_id)
        if known is None or (began_ms > known.event_ms and not known.microphone):
            people[words.user_id] = Person(words.user_id, True, True, began_ms, began_ms)
    return sorted(people.values(), key=lambda person: person.user_id)


def find_last_sign_ms(session: Session, resources: Resources) -> int:
    """When, in ms since 1970, anything last showed that somebody was in the room."""
    people = resources.ledger.list_people(session)
    events_ms = [ms for person in people for ms in (person.event_ms, person.microphone_ms)]
    heard_ms = [task.hearing.last_ms for task in session.tasks.values()]
    return max([session.dated_ms, *events_ms, *heard_ms])


def is_abandoned(session: Session, resources: Resources) -> bool:
    """Whether nothing has shown for a day that anybody is in the room: what keeps failing there may end."""
    return resources.now_ms() >= find_last_sign_ms(session, resources) + ABANDONED_MS


def find_silence(session: Session, task: Task, hearing: Hearing, people: Iterable[Person]) -> int:
    """Since when a running task has heard nobody although it should, in ms since 1970; 0 when it has not.

    That is the last sentence, or what came after it: the task's start, the first of the microphones
    that are on.
    """
    rule = session.find_rule(task.target)
    people = [one for one in people if one.microphone and one.user_id not in session.opted_out]
    on_ms = [one.microphone_ms for one in people if _hears(rule, task, one.user_id)]
    current = task.current
    if not on_ms or current is None or task.state != "running":
        return 0
    return max(min(on_ms), hearing.last_ms, current.timing.running_ms or current.started_ms)


def note_hearing(
    session: Session, task: Task, hearing: Hearing, people: Iterable[Person], now_ms: int
) -> list[Outcome]:
    """Keep what a look has heard, as part of a change, and report once that it is nothing for too long."""
    since_ms = find_silence(session, task, hearing, people)
    reported_ms = task.hearing.silent_since_ms
    silent_ms = hearing.silent_ms
    if reported_ms and (not since_ms or hearing.last_ms > reported_ms):
        silent_ms += (hearing.last_ms if hearing.last_ms > reported_ms else now_ms) - reported_ms
        reported_ms = 0  # somebody was heard since, or no microphone is on any more
    is_new = not reported_ms and 0 < since_ms <= now_ms - SILENT_MS
    silent_since_ms = since_ms if is_new else reported_ms
    task.hearing = replace(hearing, silent_since_ms=silent_since_ms, silent_ms=silent_ms)
    if not is_new:
        return []
    from shared.remedies import TABLE  # late: mostly nothing is wrong

    fields: Fields = {
        **describe_task(session, task),
        "task_id": task.task_id,
        "user_id": None if task.target == WHOLE_ROOM else task.target,
        "silent_ms": now_ms - since_ms,
        "reason": ": ".join(TABLE["silent"]),
    }
    return [Outcome("room.silent", "unheard", level="warning", fields=fields)]


def _hears(rule: Rule, task: Task, user_id: str) -> bool:
    """Whether the task is meant to hear that person: its own, or everybody whom its rule lets in."""
    if task.target != WHOLE_ROOM:
        return task.target == user_id
    parameters = rule.parameters(task.service)
    only, never = parameters.get("subscribe"), parameters.get("unsubscribe", [])
    return user_id not in never and (not only or user_id in only)
