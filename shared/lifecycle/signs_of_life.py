"""What shows that somebody is in a room: events about people, and what tasks have heard."""

from __future__ import annotations

from msgspec.structs import replace

from shared.ledger import Hearing, Person, Session, Task, TaskId
from shared.resources import Resources

FRESH_MS = 10_000  # after a start, the API may not know its own task yet
HEARD_MS = 30_000  # a task whose sentence is no older has hardly ended
ABANDONED_MS = 86_400_000


def listen(session: Session, task: Task, resources: Resources) -> Hearing:
    """What has been said to a task so far; only what is new since the last `listen` kept is read."""
    known, ledger = task.hearing, resources.ledger
    version = ledger.read_version(session).latest
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


def list_people(session: Session, resources: Resources) -> list[Person]:
    """Everybody seen or heard in a session, by name.

    Somebody who began a sentence after the newest event about their presence is there: a leave may be
    that of an old device of theirs.
    """
    people = {person.user_id: person for person in resources.ledger.list_people(session)}
    for news in resources.ledger.list_sentences(session, 0):
        words = news.said
        if words is None or not words.user_id:
            continue
        began_ms = words.event_ms - max(words.end_ms - words.start_ms, 0)
        known = people.get(words.user_id)
        if known is None or (began_ms > known.event_ms and not known.microphone):
            person = Person(words.user_id, True, True, began_ms, began_ms)
            people[words.user_id] = person
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
