"""Deleting what was said in one room, because somebody asks for it."""

from __future__ import annotations

from shared.console.describe import Result, require_shared_ledger
from shared.console.request import RoomRequest
from shared.errors import LedgerError, RequestError
from shared.ledger import Session
from shared.lifecycle.outcome import Outcome
from shared.resources import Resources
from shared.transcripts.records import FOR_EVER_MS

ALL = 1_000_000  # sessions: more than any room has


def delete_transcript(request: RoomRequest, resources: Resources) -> Result:
    """Delete what was said in a room until now; of it nothing is kept again, however late it is told.

    A session that is open goes on, and what is said in it from now on is kept.
    """
    require_shared_ledger(resources)
    session_id = _read_session_id(request)
    if len(request.guessed) > 1:  # nothing may be deleted that was not meant
        raise RequestError(
            f"room_id_type: numeric room {request.room.room_id!r} (0) and the string room (1) are "
            "both known; say which"
        )
    known = resources.ledger.list_sessions(request.room, ALL)
    sessions = [one for one in known if session_id in (None, one.id)]
    if not sessions:
        what = "this room" if session_id is None else "this session of the room"
        return [], {"outcome": "unknown", "message": f"{what} is not known"}
    count = sum(_delete(session, resources) for session in sessions)
    if not resources.ledger.erase_traces():
        raise LedgerError(
            "LEDGER_URL: what was said is deleted, but the file's log of writes (-wal) still holds it "
            "while another program reads there; end that, and delete again"
        )
    counts = {"sessions": len(sessions), "sentences": count}
    deleted = Outcome("transcript.deleted", "deleted", fields={"session": session_id, **counts})
    return [deleted], {"outcome": "deleted", **counts}


def _read_session_id(request: RoomRequest) -> str | None:
    """Which session is meant, None for all; what is not understood must not delete too much."""
    if request.user_id or request.when != "now" or request.changes.keys() - {"session"}:
        raise RequestError(
            "a transcript is deleted by room_id, room_id_type, sdk_app_id and session alone"
        )
    if "session" not in request.changes:
        return None
    session_id = request.changes["session"]
    if not isinstance(session_id, str):
        raise RequestError("session: must be text, as describe_room tells it")
    return session_id


def _delete(session: Session, resources: Resources) -> int:
    until_ms = resources.now_ms() if session.closed_ms is None else FOR_EVER_MS
    return resources.ledger.forget_sentences(session, until_ms)
