"""Who is not to be transcribed: what that makes of a session's tasks, and of what is told: pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from shared.ledger.document import Session
from shared.ledger.task import Task
from shared.room import WHOLE_ROOM
from shared.rules.decision import Rule, Speaker
from shared.stored import Form
from shared.transcripts.records import FOR_EVER_MS, SentenceNews

# Users, and until which ms since 1970 nothing of what they say is kept: FOR_EVER_MS while they are opted out.
OptOuts = dict[str, int]

OPT_OUTS = Form(OptOuts)


def set_opt_outs(
    known: Mapping[str, int], told: Mapping[str, bool], now_ms: int, kept_since_ms: int
) -> OptOuts:
    """The opt-outs after users have opted out (True) or in again; what ended before `kept_since_ms` goes."""
    opt_outs = {user_id: ms for user_id, ms in known.items() if ms >= kept_since_ms}
    for user_id, opted_out in told.items():
        if opted_out:
            opt_outs[user_id] = FOR_EVER_MS
        elif opt_outs.get(user_id) == FOR_EVER_MS:
            opt_outs[user_id] = now_ms
    return opt_outs


def list_opted_out(opt_outs: Mapping[str, int]) -> list[str]:
    """Whoever is opted out now, by id."""
    return sorted(user_id for user_id, until_ms in opt_outs.items() if until_ms == FOR_EVER_MS)


def is_refused(news: SentenceNews, session: Session, opt_outs: Mapping[str, int]) -> bool:
    """Whether news may not be kept; without a speaker they may be of anybody whom their task hears.

    What could not be read may name anybody.
    """
    refused = {user_id for user_id, until_ms in opt_outs.items() if news.event_ms <= until_ms}
    if speakers := news.list_speakers():
        return not refused.isdisjoint(speakers)
    for target, task in session.tasks.items() if not news.opaque else ():
        known = task.find(news.task_id)
        if known and target != WHOLE_ROOM:
            return target in refused
        if known:
            refused -= {*known.without}
    return bool(refused)


def leave_out(session: Session, opted_out: list[str]) -> None:
    """Let an open session hear nobody who has opted out: what hears them all the same is unwanted.

    1.0 cannot leave anybody out of a room: for the rest of the session it has a task for each speaker.
    """
    session.opted_out = opted_out
    of_room = session.tasks.get(WHOLE_ROOM)
    services = session.rule.service, of_room.service if of_room else ""
    if opted_out and "ai" in services and session.rule.scope == "room":
        session.rule, session.splits = split_rule(session.rule), of_room is not None
    for task in session.tasks.values():
        _leave_out(task, session)


def split_rule(rule: Rule) -> Rule:
    """The rule with a task for each speaker; for those alone whom it has named, if it has."""
    named = rule.ai.get("target_user_ids", [])
    speakers = [Speaker(user=named)] if named else []
    cloud, ai = (
        {key: value for key, value in table.items() if key not in ("subscribe", "target_user_ids")}
        for table in (rule.cloud, rule.ai)
    )
    return replace(rule, scope="user", speakers=speakers, cloud=cloud, ai=ai)


def _leave_out(task: Task, session: Session) -> None:
    opted_out, of_room = session.opted_out, task.target == WHOLE_ROOM
    is_theirs = task.target in opted_out
    for known in task.alive:
        was_wanted = not known.unwanted
        left_out = known.without if known.service == "cloud" else []
        known.unwanted = bool({*opted_out}.difference(left_out)) if of_room else is_theirs
        if known.unwanted and was_wanted:
            task.not_before_ms = 0  # stopped at once
    is_over = session.rule.scope == "user" if of_room else is_theirs
    if opted_out and is_over and task.state not in ("stopping", "stopped", "held"):
        task.lose_claim()
        task.state = "stopping" if task.needs_stop else "stopped"
