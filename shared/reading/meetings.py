"""The list of an application's meetings that an operator's link opens, as page and as JSON."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, MsgspecError, Struct
from msgspec.json import Decoder, encode

from shared import log
from shared.errors import RequestError
from shared.ledger import Ledger, Session, heads
from shared.ledger.deliveries import Delivery
from shared.ledger.meetings import Place, walk_meetings
from shared.links import DEFAULT_LIFETIME_S, decode_text, encode_text, read_link, sign_link
from shared.reading.kept import KeptTranscripts
from shared.reading.pages import FILE_POLICY, write_meetings_page
from shared.scf import Json, Request, Response
from shared.settings import DAY_MS, Settings
from shared.times import write_date
from shared.transcripts.records import FOR_EVER_MS

PATH = re.compile(r"/?([A-Za-z0-9_-]+)(\.json)?")
PLACE = re.compile(r"([0-9]{1,15})/(.+)", re.DOTALL)
DATE = "%Y-%m-%dT%H:%M:%SZ"
MOST_SCANNED, PIECE = 1_000, 250  # sessions looked at for one answer, and read at once, in a search
HEADERS = {"Content-Type": "application/json", "Content-Security-Policy": FILE_POLICY}

State = Literal[
    "live",  # open, and a task runs
    "waiting",  # open, and a task is due, or begins when somebody comes or speaks
    "failed",  # no task runs, or ever ran, because its start failed
    "held",  # open, and a person stopped it
    "not_transcribed",  # its rule wants nothing, or it closed before any task ran
    "closed",  # over; nothing of it was delivered yet
    "delivered",  # over, and its transcript is where it belongs
    "deleted",  # over, and what was said in it was deleted
]


class Search(Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """Which meetings are asked for, as the query says it; `next` is where the answer before it ended.

    Days are in UTC. `room` is how the room's id begins, `language` is one of any region, or
    of the region that it names.
    """

    day: date | None = None
    first: date | None = None
    last: date | None = None
    room: str = ""
    speaker: str = ""
    state: State | None = None
    language: str = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    next: str = ""

    def find_start(self) -> Place:
        """The place after which the meetings stand; raises RequestError."""
        last = self.day or self.last
        start = Place(_begin_day(last) + DAY_MS - 1 if last else FOR_EVER_MS)
        if not self.next:
            return start
        match = PLACE.fullmatch(decode_text(self.next).decode("utf-8", "replace"))
        if not match:
            raise RequestError("next: only what an answer has as its next")
        return min(start, Place(int(match[1]), match[2]), key=lambda place: place.opened_ms)

    def find_end_ms(self) -> int:
        """When the first of the meetings may have opened, in ms since 1970."""
        first = self.day or self.first
        return _begin_day(first) if first else 0

    def fits(self, session: Session, delivery: Delivery) -> bool:
        """Whether a meeting of these days is one of those that are asked for."""
        tags = map(_fold, delivery.languages)
        return (
            session.room.room_id.startswith(self.room)
            and (not self.speaker or self.speaker in delivery.speakers)
            and self.state in (None, find_state(session, delivery))
            and (not self.language or any(tag.startswith(_fold(self.language)) for tag in tags))
        )


SEARCHES = Decoder(Search, strict=False)  # limit comes as text


def answer_operator(
    request: Request, settings: Settings, now_ms: int, started_s: float, kept: KeptTranscripts
) -> Response | None:
    """What a request with an operator's link gets; None for any other request, whatever is wrong with it.

    Raises RequestError for a senseless search, LedgerError without a ledger.
    """
    key, match = settings.operator_link_key, PATH.fullmatch(request.path)
    if key is None or match is None or request.method not in ("GET", "HEAD"):
        return None
    named = read_link(key, match[1], now_ms // 1000, "operator")
    if named is None:
        return None
    facts: Json = {"format": "page"}
    response = write_meetings_page(match[1], named)
    if match[2]:
        document = find_meetings(
            int(named), read_search(request.query), settings, now_ms, kept.ledger
        )
        response = Response(200, encode(document).decode(), HEADERS)
        count = len(document["meetings"])
        facts = {"format": "json", "count": count, "scanned": document["scanned"]}
    elapsed_ms = round((time.perf_counter() - started_s) * 1000, 1)
    log.write(
        "meetings.read", sdk_app_id=int(named), outcome="read", **facts, elapsed_ms=elapsed_ms
    )
    return response


def read_search(query: Mapping[str, str]) -> Search:
    """The search in a query; raises RequestError for a senseless one."""
    try:
        return SEARCHES.decode(encode(query))
    except (MsgspecError, ValueError) as error:
        raise RequestError(f"the search cannot be read: {error}") from None


def find_meetings(
    sdk_app_id: int, search: Search, settings: Settings, now_ms: int, ledger: Ledger
) -> Json:
    """The document that lists an application's meetings; its `next` is None after the last one."""
    since_ms, found, scanned, end = settings.kept_since_ms(now_ms), [], 0, None
    is_choosy = search.room or search.speaker or search.state or search.language
    piece = PIECE if is_choosy else search.limit
    start, end_ms = search.find_start(), search.find_end_ms()
    for place, session, delivery in walk_meetings(ledger, sdk_app_id, start, end_ms, piece):
        scanned += 1
        if session and session.is_kept(since_ms) and search.fits(session, delivery):
            found.append(_describe(session, delivery, settings, now_ms))
        if len(found) == search.limit or scanned == MOST_SCANNED:
            end = encode_text(f"{place.opened_ms}/{place.session_id}".encode())
            break
    return {
        "format": "roomscribe-meetings-1",
        "sdk_app_id": sdk_app_id,
        "meetings": found,
        "next": end,
        "scanned": scanned,
    }


def _describe(session: Session, delivery: Delivery, settings: Settings, now_ms: int) -> Json:
    """A meeting as it is listed; what only a delivery tells is None, or empty, before the first one."""
    closed_ms, state = session.closed_ms, find_state(session, delivery)
    length_ms = (now_ms if closed_ms is None else closed_ms) - session.opened_ms
    services = {one.service for task in session.tasks.values() for one in task.task_ids}
    key, expires_s = settings.transcript_link_key, now_ms // 1000 + DEFAULT_LIFETIME_S
    link = sign_link(key, session.id, expires_s) if key and state != "deleted" else None
    return {
        "session": session.id,
        "room_id": session.room.room_id,
        "room_id_type": session.room.room_id_type,
        "opened_ms": session.opened_ms,
        "opened": write_date(session.opened_ms, DATE),
        "closed_ms": closed_ms,
        "closed": None if closed_ms is None else write_date(closed_ms, DATE),
        "state": state,
        "minutes": round(max(length_ms, 0) / 60_000, 1),
        "rule": session.rule.name,
        "reference": session.rule.reference,
        "services": sorted(services),
        "languages": delivery.languages,
        "speakers": delivery.speakers,
        "sentences": delivery.sentences if delivery.at_ms else None,
        "version": delivery.version or None,
        "files": delivery.files,
        "link": link,
    }


def find_state(session: Session, delivery: Delivery) -> State:
    """The state of a meeting; of an open one, what most concerns whoever waits for its transcript."""
    if session.closed_ms is not None and (delivery.at_ms or delivery.deleted):
        return "delivered" if delivery.at_ms else "deleted"
    state = heads.find_state(session)
    if state == "live" and all(task.state != "running" for task in session.tasks.values()):
        return "waiting"
    return "closed" if state == "ended" else state


def _begin_day(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MS


def _fold(tag: str) -> str:
    """A language tag as it is compared: that of a language begins those of its regions."""
    return f"{tag}-".lower().replace("_", "-")
