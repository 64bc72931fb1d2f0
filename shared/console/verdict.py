"""Whether a room is transcribed, in one sentence, with the cause and the remedy: pure."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from msgspec import json

from shared.counts import write_count
from shared.ledger import Session, Task
from shared.ledger.fleet import find_mark
from shared.ledger.gaps import find_gaps
from shared.lifecycle.endings import explain_end
from shared.remedies import find_advice
from shared.room import WHOLE_ROOM, Room
from shared.scf import Json
from shared.times import write_time
from shared.traffic import Traffic

# By state, the worst first: sentence, cause, remedy. After a dot: what makes the words more exact.
WORDS: dict[str, list[str]] = json.decode(Path(__file__).with_name("verdicts.json").read_bytes())


def judge(session: Session, shown: Json) -> Json:
    """The verdict on a room whose newest session this is, `shown` as describe_room does, with its story."""
    tasks = [*session.tasks.values()] or [Task(WHOLE_ROOM, "", "stopped")]
    found = {_find_state(session, task, shown): task for task in tasks}
    state = min(found, key=lambda one: [*WORDS].index(one.partition(".")[0]))
    task = found[state]
    mark, quota = find_mark(task), {"used": shown["used"], "limit": shown["quota"]}
    code = "silent" if state == "silent." else task.error_code
    reason, remedy = find_advice(code, **quota) or WORDS["code"][1:]
    # What an older version did not keep is unknown.
    known = defaultdict(lambda: "unknown", {key: one for key, one in shown.items() if one != ""})
    facts = {"session": session, "shown": known, "task": task, "reason": reason, "remedy": remedy}
    facts["said"] = write_count(shown["sentences"], "sentence")
    facts["who"] = "The room" if task.target == WHOLE_ROOM else f"Speaker {task.target}"
    facts["since"] = write_time(mark.since_ms if mark else 0)
    facts["ended"] = explain_end(session, task)
    gap_ms = sum(gap.lasted_ms for gap in find_gaps(session, session.closed_ms or 0))
    verdict = write_verdict(state, **facts, gap_s=gap_ms // 1000)
    hint = write_verdict("typo", **facts) if shown["nearest"] else {}
    return verdict | {key: f"{verdict[key]} {hint[key]}" for key in hint if key != "state"}


def judge_unknown(room: Room, traffic: Traffic, forgets: str = "") -> Json:
    """The verdict on a room that nobody told of: callbacks are refused, or the ledger `forgets` rooms."""
    refused = traffic.refusals
    last_ms = max(traffic.accepted.values(), default=0)
    last = f"the last came at {write_time(last_ms)}" if last_ms else "none has ever come"
    told = ", ".join(f"{count} {reason}" for reason, count in refused.items()) or "none"
    found = {*refused, *(["forgets"] if forgets else [])}
    states = [one for one in WORDS if one.partition("unknown.")[2] in found]
    state = (*states, "unknown" if last_ms else "unknown.none")[0]
    return write_verdict(state, room=room, last=last, told=told, forgets=forgets.split("; "))


def write_verdict(state: str, **facts: object) -> Json:
    """The most exact words for a state, with the facts in them; its `state` is one word for programs."""
    name = state.partition(".")[0]
    texts = [text.format(**facts) for text in WORDS.get(state, WORDS[name])]
    cause, remedy = (f"{text[:1].upper()}{text[1:]}." for text in texts[1:])
    return {"verdict": texts[0], "cause": cause, "remedy": remedy, "state": name}


def _find_state(session: Session, task: Task, shown: Json) -> str:
    mark, is_open, ran = find_mark(task), session.closed_ms is None, session.tasks.values()
    if session.held:
        return "held"
    if mark and is_open:
        return f"{mark.kind}.{mark.code}"
    if is_open and task.state in ("running", "starting"):
        return f"{task.state}.{'quiet' if shown['is_quiet'] else shown['sentences']}"
    if not is_open and any(one.task_ids for one in ran):
        if shown["deleted_until_ms"] and not shown["sentences"]:
            return "deleted"
        return "gaps" if any(find_gaps(session, session.closed_ms or 0)) else "transcribed"
    if session.rule.wants_nothing:
        return "not_wanted"
    if task.target in session.opted_out or (session.opted_out and not ran):
        return "opted_out"
    if is_open:
        return "idle" if ran else "expected"
    return "never.failed" if task.error_code else "never"
