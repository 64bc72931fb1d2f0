"""What a session says of its transcript: when it was, what became of it, and which tasks heard it."""

from __future__ import annotations

import re

from shared.ledger.document import Session
from shared.ledger.ledger import Version
from shared.transcripts.records import State, TaskOrigin, TranscriptHead

ENGINE = re.compile(r"(?:bigmodel-|16k_|8k_)?([a-z]{2,3}(?:-[A-Za-z]{2,4})?)")


def make_head(session: Session, version: Version, names_version: int = 0) -> TranscriptHead:
    """The head of a session's transcript in that version; a room that is not transcribed has no notice."""
    state = find_state(session)
    return TranscriptHead(
        session_id=session.id,
        room_id=session.room.room_id,
        opened_ms=session.opened_ms,
        closed_ms=session.closed_ms,
        version=version.latest,
        tasks=_list_origins(session),
        deleted=version.deleted,
        names_version=names_version,
        notice="" if state == "not_transcribed" else session.rule.notice,
        state=state,
    )


def find_state(session: Session) -> State:
    """What has become of a session; of an open one, what most concerns whoever waits for its transcript."""
    tasks = session.tasks.values()
    states = {task.state for task in tasks}
    if session.closed_ms is not None:
        return _find_end(session)
    if "running" in states:
        return "live"
    if session.held or "held" in states:
        return "held"
    pending = [task for task in tasks if task.state in ("due", "starting")]
    if pending:
        return "waiting" if any(task.error_code for task in pending) else "live"
    if "failed" in states:
        return "failed"
    return "not_transcribed" if session.rule.wants_nothing else "live"


def _find_end(session: Session) -> State:
    tasks = session.tasks.values()
    if any(task.task_ids for task in tasks):
        return "ended"
    has_failed = any(task.state == "failed" or task.failed_since_ms for task in tasks)
    return "failed" if has_failed else "not_transcribed"


def _list_origins(session: Session) -> dict[str, TaskOrigin]:
    origins: dict[str, TaskOrigin] = {}
    for target, task in session.tasks.items():
        rule = session.find_rule(target)
        for task_id in task.task_ids:
            engine = str(rule.parameters(task_id.service).get("language", ""))
            origins[task_id.task_id] = TaskOrigin(task_id.started_ms or None, read_language(engine))
    return origins


def read_language(engine: str) -> str:
    """The language an engine of either service hears: "bigmodel-en" → "en"; "" when it hears several."""
    match = ENGINE.fullmatch(engine)
    return match[1] if match else ""
