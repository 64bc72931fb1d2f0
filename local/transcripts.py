"""Who runs the local cloud may read every transcript in its ledger: read links, and a list of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from local.cloud.arguments import refusing
from local.cloud.clock import Clock
from local.cloud.errors import RefusedError
from local.errors import LocalError
from shared.errors import LedgerError
from shared.ledger import Session, open_ledger
from shared.links import OPERATOR_LIFETIME_S, write_link
from shared.reading.kept import KeptTranscripts
from shared.room import Room
from shared.settings import Settings, read_settings

READER = "/functions/read_transcript"
MOST_ROOMS = 100
MOST_SESSIONS = 5  # of one room


class Transcripts:
    """The transcripts in the ledger that `settings` name; `url` is where the functions answer."""

    def __init__(self, settings: Mapping[str, str], url: str, clock: Clock) -> None:
        self._settings = read_settings(settings)
        self._reader = url + READER
        self._clock = clock

    @property
    def routes(self) -> list[BaseRoute]:
        """`GET /_local/transcripts?room=APP/TYPE/ID`, for as many rooms as are named; `/_local/meetings`."""
        return [
            Route("/_local/transcripts", refusing(self._list), methods=["GET"]),
            Route("/_local/meetings", refusing(self._open_list), methods=["GET"]),
        ]

    def write_link(self, session_id: str) -> str:
        """The address at which a session's transcript can be read, for a week."""
        key = self._settings.transcript_link_key or ""
        return write_link(key, self._reader, session_id, self._clock.now_ms() // 1000)

    async def _list(self, request: Request) -> Response:
        rooms = [_read_room(text) for text in request.query_params.getlist("room")]
        try:
            found = await run_in_threadpool(self.find, rooms[:MOST_ROOMS])
        except LedgerError as error:
            raise RefusedError(503, f"{error}") from error
        return JSONResponse({"transcripts": found})

    async def _open_list(self, _request: Request) -> Response:
        """Leads to the list of all meetings of the first application."""
        first, now_s = self._settings.applications[0], self._clock.now_ms() // 1000
        try:
            link = write_list_link(self._settings, self._reader, first.sdk_app_id, now_s)
        except LocalError as error:
            raise RefusedError(404, f"{error}") from error
        return RedirectResponse(link, headers={"Cache-Control": "no-store"})

    def find(self, rooms: list[Room]) -> list[dict[str, object]]:
        """The newest transcripts of these rooms in which something was said, newest first."""
        kept = self._open()
        ledger = kept.ledger
        sessions = [each for room in rooms for each in ledger.list_sessions(room, MOST_SESSIONS)]
        sessions.sort(key=lambda session: session.opened_ms, reverse=True)
        heads = map(kept.read_head, [each.id for each in sessions])
        return [
            self._describe(session)
            for session, head in zip(sessions, heads, strict=True)
            if head and head.version
        ]

    def count_sentences(self, room: Room, since_ms: int) -> int:
        """How many sentences the sessions of a room have that opened since then; 0 without a ledger."""
        try:
            kept = self._open()
            sessions = kept.ledger.list_sessions(room, MOST_SESSIONS)
            heads = [kept.read_head(one.id) for one in sessions if one.opened_ms >= since_ms]
            return sum(len(kept.read(head, 0).sentences) for head in heads if head)
        except LedgerError:  # what the functions could not write, their lines say
            return 0

    def _open(self) -> KeptTranscripts:
        settings = self._settings
        ledger = open_ledger(
            settings.ledger_url, settings.transcript_keep_days, settings.ledger_name
        )
        return KeptTranscripts(ledger, settings.kept_since_ms(self._clock.now_ms()))

    def _describe(self, session: Session) -> dict[str, object]:
        return {
            **session.room._asdict(),
            "opened_ms": session.opened_ms,
            "closed_ms": session.closed_ms,
            "link": self.write_link(session.id),
        }


def write_list_link(settings: Settings, url: str, sdk_app_id: int, now_s: int) -> str:
    """The address of the list of an application's meetings, for a day; LocalError without a key."""
    key, lifetime_s = settings.operator_link_key, OPERATOR_LIFETIME_S
    if key is None:
        raise LocalError("OPERATOR_LINK_KEY is not set")
    return write_link(key, url, str(sdk_app_id), now_s, lifetime_s, "operator")


def _read_room(text: str) -> Room:
    match = re.fullmatch(r"([0-9]{1,15})/([01])/(.+)", text, re.DOTALL)
    if match is None:
        raise RefusedError(
            400, "?room= must be an application, 0 or 1, and a room: 1400000001/1/class-7"
        )
    return Room(int(match[1]), match[3], int(match[2]))
