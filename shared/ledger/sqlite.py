"""The ledger in an SQLite file: shared by the processes of one machine, by nobody else.

Every method is one transaction; the file is in WAL mode, so readers never wait.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from shared.errors import LedgerError
from shared.ledger.records import Person, Room, Session, Task, TaskId, TaskState, name_session
from shared.ledger.transitions import Closing, Opening, judge_closing, judge_opening, may_claim
from shared.rules import Rule
from shared.signer import WHOLE_ROOM

APPLICATION_ID = 0x526F6F6D  # "Room": tells our file from anybody else's
BUSY_TIMEOUT_S = 2.0
SCHEMA = Path(__file__).parent / "schema.sql"

Row = Mapping[str, Any]  # a column holds text or a number


class SqliteLedger:
    """Sessions, people, tasks and plans; methods raise LedgerError when the file does not answer."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection = self._connect()

    def open_session(
        self, room: Room, event_ms: int, rule: Rule, *, precise: bool = True, creates: bool = True
    ) -> tuple[Opening, Session | None]:
        """Open a session for an event that shows the room alive, or find the one it belongs to.

        The rule of a plan made for the room goes before `rule`, and the plan is used up.
        """
        with self._transaction():
            last = self._find_last(room)
            tombstone_ms = self._read_tombstone(room)
            opening = judge_opening(last, tombstone_ms, event_ms, precise=precise, creates=creates)
            if opening != "opened":
                return opening, last
            return opening, self._insert_session(room, event_ms, self._take_plan(room) or rule)

    def reopen_session(self, session: Session, event_ms: int, rule: Rule) -> Session:
        """Close a session whose end was lost, just before `event_ms`, and open the next one."""
        with self._transaction():
            self._close(session, event_ms - 1)
            return self._insert_session(
                session.room, event_ms, self._take_plan(session.room) or rule
            )

    def redate_session(self, session: Session, event_ms: int) -> None:
        """The room was announced again, but it is the same meeting."""
        with self._transaction():
            self._execute("UPDATE sessions SET dated_ms = ? WHERE id = ?", event_ms, session.id)

    def close_session(
        self, room: Room, event_ms: int, *, precise: bool = True
    ) -> tuple[Closing | None, Session | None]:
        """Close the session a 102 is about; without one, remember that the room was closed then.

        A 102 may carry the room id in the other JSON type: the exact type counts first, the
        other only if it alone is open.
        """
        with self._transaction():
            for session in (self._find_last(room), self._find_open(room.twin)):
                if session is None:
                    continue
                closing = judge_closing(session, event_ms, precise=precise)
                if closing == "stale" and session.closed_ms is not None:
                    continue
                if closing == "closed":
                    self._close(session, event_ms)
                return closing, session
            self._bury(room, event_ms)
            return None, None

    def find_open_session(self, room: Room) -> Session | None:
        """The open session of exactly this room."""
        with self._reading():
            return self._find_open(room)

    def list_sessions(self, room: Room, most: int) -> list[Session]:
        """The room's sessions, newest first, at most `most`."""
        with self._reading():
            return [_read_session(row) for row in self._select_sessions(room, most)]

    def plan_room(self, room: Room, rule: Rule) -> None:
        """Decide the room's next session before it exists; a newer plan replaces an older one."""
        with self._transaction():
            self._execute("REPLACE INTO plans VALUES (?, ?, ?, ?)", *room, _encode_rule(rule))

    def note_person(
        self,
        session: Session,
        user_id: str,
        event_ms: int,
        *,
        present: bool,
        microphone: bool | None,
    ) -> None:
        """Remember what the newest event about somebody says; None leaves the microphone as it was."""
        with self._transaction():
            row = self._one(
                "SELECT * FROM people WHERE session_id = ? AND user_id = ?", session.id, user_id
            )
            if row and row["event_ms"] > event_ms:
                return
            heard = microphone if microphone is not None else bool(row and row["microphone"])
            values = (session.id, user_id, present, present and heard, event_ms)
            self._execute("REPLACE INTO people VALUES (?, ?, ?, ?, ?)", *values)

    def list_people(self, session: Session) -> list[Person]:
        """Everybody seen in a session, by name."""
        with self._reading():
            rows = self._all(
                "SELECT * FROM people WHERE session_id = ? ORDER BY user_id", session.id
            )
            return [
                Person(
                    row["user_id"], bool(row["present"]), bool(row["microphone"]), row["event_ms"]
                )
                for row in rows
            ]

    def claim_start(
        self,
        session: Session,
        target: str,
        service: str,
        *,
        trigger: str,
        token: str,
        now_ms: int,
        lease_ms: int,
        by_hand: bool = False,
    ) -> tuple[bool, Task]:
        """Claim a task's start under `token` for `lease_ms`; (False, the task) when it is not to be had.

        A task is created when it is first claimed. One whose claim ran out may have been started
        unseen, and says so.
        """
        with self._transaction():
            room_task = self._find_task(session.id, WHOLE_ROOM)
            if room_task and room_task.state == "held" and not by_hand:
                return False, room_task
            task = self._ensure_task(session.id, target, service, now_ms)
            closed = self._get_session(session.id).closed_ms is not None
            if closed or not may_claim(task, now_ms, by_hand=by_hand):
                return False, task
            self._execute(
                "UPDATE tasks SET state = 'starting', token = ?, lease_until_ms = ?, \"trigger\" = ?,"
                " service = ?, attempts = ?, unsure = ?, error_code = '', changed_ms = ?"
                " WHERE session_id = ? AND target = ?",
                *(token, now_ms + lease_ms, trigger, service if by_hand else task.service),
                *(
                    task.attempts + 1,
                    task.unsure or task.state == "starting",
                    now_ms,
                    session.id,
                    target,
                ),
            )
            return True, self._get_task(session.id, target)

    def finish_start(self, claim: Task, task_id: str, region: str, now_ms: int) -> TaskState:
        """Record a started task's TaskId, whatever happened meanwhile, and return the task's state.

        "running" when the claim still held and the session is open. "stopping" when the room
        closed or the claim was lost: whoever started it must stop it.
        """
        with self._transaction():
            self._execute(
                "INSERT OR IGNORE INTO task_ids VALUES (?, ?, ?, ?, ?, 0)",
                *(claim.session_id, claim.target, task_id, claim.service, region),
            )
            task = self._get_task(claim.session_id, claim.target)
            if task.token != claim.token or task.state != "starting":
                return (
                    "running" if task.state == "running" and task.task_id == task_id else "stopping"
                )
            self._execute(
                "UPDATE tasks SET task_id = ? WHERE session_id = ? AND target = ?",
                *(task_id, claim.session_id, claim.target),
            )
            closed = self._get_session(claim.session_id).closed_ms is not None
            state: TaskState = "stopping" if closed else "running"
            self._set_state(claim, state, now_ms)
            return state

    def release_start(
        self,
        claim: Task,
        state: TaskState,
        error_code: str,
        now_ms: int,
        *,
        not_before_ms: int = 0,
        unsure: bool,
    ) -> None:
        """Give a claim back after a failure: "due" again from `not_before_ms` on, or "failed" for good."""
        with self._transaction():
            self._execute(
                "UPDATE tasks SET state = ?, error_code = ?, not_before_ms = ?, unsure = ?, changed_ms = ?"
                " WHERE session_id = ? AND target = ? AND token = ? AND state = 'starting'",
                *(state, error_code, not_before_ms, unsure, now_ms),
                *(claim.session_id, claim.target, claim.token),
            )

    def switch_service(self, claim: Task, service: str) -> Task:
        """Let the claimed task go on with the other service, for the rest of the session."""
        with self._transaction():
            self._execute(
                "UPDATE tasks SET service = ? WHERE session_id = ? AND target = ? AND token = ?",
                *(service, claim.session_id, claim.target, claim.token),
            )
            return self._get_task(claim.session_id, claim.target)

    def list_tasks(self, session: Session) -> list[Task]:
        """The tasks of a session, by target."""
        with self._reading():
            return self._list_tasks(session)

    def begin_stops(self, session: Session, now_ms: int) -> list[Task]:
        """The room has closed: cancel what is due, and return the tasks that live on and must be stopped.

        One that is being started is left to its starter, who will find the session closed.
        """
        with self._transaction():
            tasks = self._list_tasks(session)
            for task in tasks:
                if task.state == "due":
                    self._set_state(task, "stopped", now_ms)
                elif task.state in ("running", "held", "failed") and _alive(task):
                    self._set_state(task, "stopping", now_ms)
            return [task for task in tasks if task.state != "starting" and _alive(task)]

    def hold_tasks(self, session: Session, now_ms: int) -> list[Task]:
        """A person stops the room: hold all of it, and return the tasks that live on and must be stopped.

        Nothing but a start by hand begins a held task again in this session, also one that was
        never begun: the whole room's task is the mark.
        """
        with self._transaction():
            self._ensure_task(session.id, WHOLE_ROOM, session.rule.service, now_ms)
            tasks = self._list_tasks(session)
            for task in tasks:
                self._set_state(task, "held", now_ms)
            return [task for task in tasks if _alive(task)]

    def lift_hold(self, session: Session) -> None:
        """A person starts the room again: forget the mark of a hold."""
        with self._transaction():
            self._execute(
                "DELETE FROM tasks WHERE session_id = ? AND target = ? AND state = 'held' AND NOT EXISTS"
                " (SELECT 1 FROM task_ids AS i"
                " WHERE i.session_id = tasks.session_id AND i.target = tasks.target)",
                *(session.id, WHOLE_ROOM),
            )

    def finish_stop(self, task: Task, ended: list[str], now_ms: int) -> bool:
        """Record which TaskIds are known ended; True when none is left, and a stopping task has stopped."""
        with self._transaction():
            self._mark_ended(task, ended)
            left = self._get_task(task.session_id, task.target)
            if not _alive(left) and left.state == "stopping":
                self._set_state(task, "stopped", now_ms)
            return not _alive(left)

    def end_task(self, task: Task, ended: list[str], now_ms: int) -> None:
        """The API says these TaskIds are over: without one left, the task has stopped."""
        with self._transaction():
            self._mark_ended(task, ended)
            left = self._get_task(task.session_id, task.target)
            if not _alive(left) and left.state != "starting":
                self._set_state(task, "stopped", now_ms)

    def pin_rule(self, session: Session, rule: Rule) -> Session:
        """Give an open session another rule, because a person asked for it."""
        with self._transaction():
            self._execute(
                "UPDATE sessions SET rule = ? WHERE id = ?", _encode_rule(rule), session.id
            )
            return self._get_session(session.id)

    def _connect(self) -> sqlite3.Connection:
        try:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, BUSY_TIMEOUT_S, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            self._prepare(connection)
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(f"LEDGER_URL: {self._path} cannot be opened: {error}") from error
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
            return
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                connection.execute("ROLLBACK")
                raise LedgerError(
                    f"LEDGER_URL: {self._path} is another program's database; name a new file"
                )
            for statement in SCHEMA.read_text(encoding="utf-8").split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._reading():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()
                raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(f"LEDGER_URL: {self._path} does not answer: {error}") from error

    def _execute(self, sql: str, *values: object) -> None:
        self._connection.execute(sql, values)

    def _one(self, sql: str, *values: object) -> Row | None:
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def _all(self, sql: str, *values: object) -> list[Row]:
        return list(self._connection.execute(sql, values))

    def _select_sessions(self, room: Room, most: int) -> list[Row]:
        return self._all(
            "SELECT * FROM sessions WHERE sdk_app_id = ? AND room_id = ? AND room_id_type = ?"
            " ORDER BY opened_ms DESC LIMIT ?",
            *(*room, most),
        )

    def _find_last(self, room: Room) -> Session | None:
        rows = self._select_sessions(room, 1)
        return _read_session(rows[0]) if rows else None

    def _find_open(self, room: Room) -> Session | None:
        last = self._find_last(room)
        return last if last and last.closed_ms is None else None

    def _get_session(self, session_id: str) -> Session:
        row = self._one("SELECT * FROM sessions WHERE id = ?", session_id)
        if row is None:
            raise LedgerError("a session has disappeared from the ledger")
        return _read_session(row)

    def _insert_session(self, room: Room, opened_ms: int, rule: Rule) -> Session:
        session = Session(name_session(room, opened_ms), room, opened_ms, opened_ms, None, rule)
        self._execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, NULL, ?)",
            *(session.id, *room, opened_ms, opened_ms, _encode_rule(rule)),
        )
        return session

    def _close(self, session: Session, closed_ms: int) -> None:
        self._execute("UPDATE sessions SET closed_ms = ? WHERE id = ?", closed_ms, session.id)

    def _read_tombstone(self, room: Room) -> int:
        """When the room was last closed unseen; TRTC has sent a numeric room's 102 with a string id."""
        types = (room.room_id_type, 1)
        row = self._one(
            "SELECT max(closed_ms) AS closed_ms FROM tombstones"
            " WHERE sdk_app_id = ? AND room_id = ? AND room_id_type IN (?, ?)",
            *(room.sdk_app_id, room.room_id, *types),
        )
        return int(row["closed_ms"] or 0) if row else 0

    def _bury(self, room: Room, closed_ms: int) -> None:
        latest_ms = max(closed_ms, self._read_tombstone(room))
        self._execute("REPLACE INTO tombstones VALUES (?, ?, ?, ?)", *room, latest_ms)

    def _take_plan(self, room: Room) -> Rule | None:
        place = "sdk_app_id = ? AND room_id = ? AND room_id_type = ?"
        row = self._one(f"SELECT rule FROM plans WHERE {place}", *room)  # noqa: S608  a constant
        self._execute(f"DELETE FROM plans WHERE {place}", *room)  # noqa: S608  a constant
        return msgspec.json.decode(row["rule"], type=Rule) if row else None

    def _find_task(self, session_id: str, target: str) -> Task | None:
        place = "WHERE session_id = ? AND target = ?"
        row = self._one(f"SELECT * FROM tasks {place}", session_id, target)  # noqa: S608  a constant
        ids = self._all(f"SELECT * FROM task_ids {place} ORDER BY rowid", session_id, target)  # noqa: S608
        return _read_task(row, ids) if row else None

    def _ensure_task(self, session_id: str, target: str, service: str, now_ms: int) -> Task:
        self._execute(
            "INSERT OR IGNORE INTO tasks (session_id, target, service, state, changed_ms)"
            " VALUES (?, ?, ?, 'due', ?)",
            *(session_id, target, service, now_ms),
        )
        return self._get_task(session_id, target)

    def _list_tasks(self, session: Session) -> list[Task]:
        rows = self._all(
            "SELECT target FROM tasks WHERE session_id = ? ORDER BY target", session.id
        )
        return [self._get_task(session.id, row["target"]) for row in rows]

    def _get_task(self, session_id: str, target: str) -> Task:
        task = self._find_task(session_id, target)
        if task is None:
            raise LedgerError("a task has disappeared from the ledger")
        return task

    def _mark_ended(self, task: Task, ended: list[str]) -> None:
        for task_id in ended:
            self._execute(
                "UPDATE task_ids SET ended = 1 WHERE session_id = ? AND target = ? AND task_id = ?",
                *(task.session_id, task.target, task_id),
            )

    def _set_state(self, task: Task, state: TaskState, now_ms: int) -> None:
        self._execute(
            "UPDATE tasks SET state = ?, changed_ms = ? WHERE session_id = ? AND target = ?",
            *(state, now_ms, task.session_id, task.target),
        )


def _alive(task: Task) -> bool:
    return not all(task_id.ended for task_id in task.task_ids)


def _encode_rule(rule: Rule) -> str:
    return msgspec.json.encode(rule).decode()


def _read_session(row: Row) -> Session:
    return Session(
        id=row["id"],
        room=Room(row["sdk_app_id"], row["room_id"], row["room_id_type"]),
        opened_ms=row["opened_ms"],
        dated_ms=row["dated_ms"],
        closed_ms=row["closed_ms"],
        rule=msgspec.json.decode(row["rule"], type=Rule),
    )


def _read_task(row: Row, ids: list[Row]) -> Task:
    columns = {key: row[key] for key in row.keys()}  # noqa: SIM118  sqlite3.Row iterates its values
    task_ids = [TaskId(i["task_id"], i["service"], i["region"], bool(i["ended"])) for i in ids]
    return Task(**{**columns, "unsure": bool(row["unsure"])}, task_ids=task_ids)
