"""How rooms and what was said lie in a store: tags, keys, indexes; and what a change of a room writes."""

from __future__ import annotations

from shared.ledger.document import SESSIONS, Half, Session
from shared.ledger.due import find_due
from shared.ledger.engine import Add, Cell, Move, Put, Score, Write
from shared.ledger.fleet import find_fleet_keys, find_mark, list_fleet_writes
from shared.ledger.sessions import SESSIONS_LOADED
from shared.room import Room

QUIET_MS = 10_000  # after the last that changed, for callbacks that are on their way
UNFINISHED_MS = 600_000  # after a session has closed, for tasks that nobody knows to be over
SHARED = "0"  # the tag of what belongs to no application
DUE = "due"  # an index of rooms, by the ms at which something of them is due
OVER = "over"  # an index of sessions of which nothing lives, by the ms they closed
UNDELIVERED = "undelivered"  # an index of sessions, by the ms at which a deliverer is to look
BURIED = "buried"  # an index of rooms, by their tombstone


class RoomKeys:
    """Where all lies that a change of a room may touch, under the tag of its application.

    `name` is the room as a member of an index. `document` is the cell of its document and its twin's,
    `people` has those of its newest session by user, `older` the sessions that have left the document
    by id. `living` is an index: how many tasks of the application live, by state. `opened` is one, too:
    the sessions of the application, by the negative of the ms they opened, so that the newest is first.
    `opt_outs` has those of the application, `fleet` is what is told of all its rooms. `cells` are the
    document, these, and the presence of a user if `user_id` is not "".
    """

    def __init__(self, room: Room, user_id: str = "") -> None:
        sdk_app_id, room_id, room_id_type = room
        self.tag = str(sdk_app_id)
        self.name = f"{sdk_app_id}/{room_id_type}/{room_id}"
        self.document = Cell(f"document:{sdk_app_id}/{room_id}")
        self.people = f"people:{self.name}"
        self.older = f"older:{self.name}"
        self.opened = f"opened:{sdk_app_id}"
        self.opt_outs = Cell(f"optouts:{sdk_app_id}")
        self.fleet = find_fleet_keys(sdk_app_id)
        self.living = self.fleet.living
        of_user = [Cell(self.people, user_id)] if user_id else []
        self.cells = [self.document, self.opt_outs, *of_user]


class SaidKeys:
    """Where lies what was said in a session: under a tag of its own, because it is most of the data.

    `sentences` has them by key, `versions` is an index of their keys. `version` is the transcript's,
    `deletion` what is left of sentences that were deleted.
    """

    def __init__(self, session_id: str) -> None:
        self.tag = session_id.replace("/", ":", 1)
        self.sentences = f"sentences:{session_id}"
        self.versions = f"versions:{session_id}"
        self.version = Cell(f"deletion:{session_id}", "version")
        self.deletion = Cell(f"deletion:{session_id}", "deletion")

    def list_all(self) -> tuple[str, ...]:
        """All keys of the session."""
        return self.sentences, self.versions, self.deletion.key


def ended_key(session_id: str) -> str:
    """The people of a session that is not its room's newest any more, by user."""
    return f"ended:{session_id}"


def delivered_cell(session_id: str) -> Cell:
    """What was delivered of a session's transcript; it lies under the tag of the application."""
    return Cell(f"delivered:{session_id.partition('/')[0]}", session_id)


def asked_cell(session_id: str) -> Cell:
    """Who asked last for a session's delivery: whoever has looked at it since empties the cell."""
    return Cell(f"asked:{session_id.partition('/')[0]}", session_id)


def parse_room(name: str) -> Room:
    """The room of that name; ValueError for what is none."""
    sdk_app_id, room_id_type, room_id = name.split("/", 2)
    return Room(int(sdk_app_id), room_id, int(room_id_type))


def list_writes(room: Room, former: Half, half: Half) -> list[Write]:
    """All that must be written beside the document when it says something else of a room than it did.

    Sessions that are too many leave `half`.
    """
    keys = RoomKeys(room)
    old, new = _find_scores(keys, former), _find_scores(keys, half)
    writes: list[Write] = []
    here = {session.id for session in half.sessions}
    for index, member in {**old, **new}:
        was, now = old.get((index, member)), new.get((index, member))
        if was != now and index in (keys.living, keys.fleet.marks):
            writes.append(Add(index, member, (now or 0) - (was or 0)))
        # The line of a session that is forgotten goes last: see `Ledger.forget_old`.
        elif was != now and (index != OVER or member in here):
            writes.append(Score(index, member, now))
    # People go with their session: under the room's key are those of the newest one only.
    before, after = (one.sessions[0].id if one.sessions else "" for one in (former, half))
    if before and before != after:
        writes.append(Move(keys.people, ended_key(before)))
        if any(session.id == after for session in former.sessions):
            writes.append(Move(ended_key(after), keys.people))
    writes += (
        Score(UNDELIVERED, session.id, _find_quiet_ms(session))
        for session in half.sessions
        if session.closed_ms is not None and session not in former.sessions
    )
    writes += list_fleet_writes(keys.fleet, former, half)
    leaving = half.sessions[SESSIONS_LOADED:]
    writes += (Put(Cell(keys.older, session.id), SESSIONS.encode(session)) for session in leaving)
    del half.sessions[SESSIONS_LOADED:]
    return writes


def _find_scores(keys: RoomKeys, half: Half) -> dict[tuple[str, str], int]:
    """The room and its sessions in the indexes: what is due, lives, is in trouble, or is over."""
    scores: dict[tuple[str, str], int] = {}
    for place, session in enumerate(half.sessions):
        scores[keys.opened, session.id] = -session.opened_ms
        stays = place < SESSIONS_LOADED  # of one that leaves nobody can finish anything any more
        for task in session.tasks.values() if stays else ():
            if due := find_due(session, task):
                at = (DUE, keys.name)
                scores[at] = min(due.at_ms, scores.get(at, due.at_ms))
            if task.state == "starting" or task.alive:  # it holds a place of the quota
                at = (keys.living, task.state)
                scores[at] = scores.get(at, 0) + 1
            if session.closed_ms is None and (mark := find_mark(task)):
                at = (keys.fleet.marked[mark.kind], session.id)
                scores[at] = min(mark.since_ms, scores.get(at, mark.since_ms))
                at = (keys.fleet.marks, f"{mark.kind}/{mark.code}")
                scores[at] = scores.get(at, 0) + 1
        if session.closed_ms is not None and not (stays and session.is_unfinished):
            scores[OVER, session.id] = session.closed_ms
    if half.tombstone_ms and not half.plan:
        scores[BURIED, keys.name] = half.tombstone_ms
    return scores


def _find_quiet_ms(session: Session) -> int:
    """When nothing more is expected to be told of a closed session, in ms since 1970."""
    closed_ms = session.closed_ms or 0
    if session.is_unfinished:
        return closed_ms + UNFINISHED_MS
    return max([closed_ms, *(task.changed_ms for task in session.tasks.values())]) + QUIET_MS
