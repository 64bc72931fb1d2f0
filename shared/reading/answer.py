"""A transcript over HTTP: what a request with a read link gets."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from shared.errors import MethodError
from shared.links import read_link
from shared.reading.memory import RememberedTranscripts
from shared.reading.pages import Page, write_message, write_page
from shared.scf import Request, Response
from shared.transcripts.document import read_since, write_document
from shared.transcripts.files import write_date, write_srt, write_text, write_webvtt
from shared.transcripts.languages import read_languages
from shared.transcripts.records import Transcript, TranscriptHead

PATH = re.compile(r"/?([A-Za-z0-9_-]+)(?:\.(vtt|srt|txt|json))?")
COMPRESSED_FROM_BYTES = 256 * 1024  # SCF's answers have at most 6 MB, escaped as JSON
HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    # Whoever has the link may read, from any origin: players with <track>, pages with fetch.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}
FILE_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
HTML = "text/html; charset=utf-8"
TYPES = {
    "vtt": "text/vtt; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "json": "application/json",
}
WRITERS: dict[str, Callable[[Transcript, Sequence[str]], str]] = {
    "vtt": write_webvtt,
    "srt": write_srt,
    "txt": write_text,
}
REFUSED = (
    "This link cannot be opened",
    "It is not valid, or not any more. Ask whoever gave it to you for a new one.",
)
GONE = ("This transcript is no longer kept", "It was deleted, or its time is over.")


class Answer(NamedTuple):
    """An HTTP answer, and what may be logged of it."""

    response: Response
    outcome: str
    format: str = ""
    session_id: str | None = None
    sentences: int | None = None


def answer_request(
    request: Request, transcripts: RememberedTranscripts, key: str, now_ms: int
) -> Answer:
    """What a request gets; raises RequestError for a senseless one, LedgerError without a ledger.

    Without a valid link the answer is the same whatever was asked for, and nothing is looked up.
    """
    if request.method == "OPTIONS":  # Source: WHATWG, Fetch: a browser asks before If-None-Match
        return Answer(Response(204, "", {**HEADERS, **PREFLIGHT}), "preflight")
    if request.method not in ("GET", "HEAD"):
        raise MethodError("transcripts are read with GET")
    match = PATH.fullmatch(request.path)
    session_id = read_link(key, match[1], now_ms // 1000) if match else None
    if match is None or session_id is None:
        return Answer(answer_message(403, *REFUSED), "refused")
    head = transcripts.read_head(session_id)
    if head is None:
        return Answer(answer_message(404, *GONE), "gone", session_id=session_id)
    form = match[2]
    if form:
        answer = _answer_file(head, form, request, transcripts)
    else:
        answer = Answer(_write_html(write_page(match[1]), 200), "read")
    return answer._replace(format=form or "page", session_id=session_id)


def answer_message(status: int, title: str, text: str) -> Response:
    """A page that says what went wrong."""
    return _write_html(write_message(title, text), status)


def _answer_file(
    head: TranscriptHead, form: str, request: Request, transcripts: RememberedTranscripts
) -> Answer:
    languages = read_languages(request.query.get("lang", ""))
    etag = _name_version(head, form, languages)
    policy = {"Content-Security-Policy": FILE_POLICY, "Vary": "Accept-Encoding"}
    headers = {**HEADERS, **policy, "ETag": etag}
    if _is_known(etag, request.headers.get("if-none-match", "")):
        return Answer(Response(304, "", headers), "not_changed")
    if form == "json":  # only this form tells what changed; a file is always whole
        since = read_since(request.query.get("since", ""), head)
        transcript = transcripts.read(head, since)
        text = write_document(transcript, complete=not since)
    else:
        transcript = transcripts.read(head, 0)
        text = WRITERS[form](transcript, languages)
    headers["Content-Type"] = TYPES[form]
    headers["Content-Disposition"] = f'attachment; filename="{_name_file(head, form)}"'
    response = _compress(Response(200, text, headers), request)
    return Answer(response, "read", sentences=len(transcript.sentences))


def _name_file(head: TranscriptHead, form: str) -> str:
    """A file name that every system takes: the room, the day it opened, the form."""
    room = re.sub(r"[^A-Za-z0-9_-]+", "-", head.room_id).strip("-")[:40] or "room"
    return f"{room}-{write_date(head.opened_ms, '%Y-%m-%d-%H%M')}.{form}"


def _name_version(head: TranscriptHead, form: str, languages: Sequence[str]) -> str:
    """The ETag: weak, because one version may be sent compressed or not.

    A poll with `since` that has this ETag knows everything already, so `since` is not in it.
    """
    parts = (head.session_id, head.room_id, head.closed_ms, head.version, head.layout)
    named = repr((*parts, form, tuple(languages)))
    return f'W/"{hashlib.blake2b(named.encode("utf-8", "replace"), digest_size=9).hexdigest()}"'


def _is_known(etag: str, if_none_match: str) -> bool:
    opaque = etag.removeprefix("W/")
    given = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return opaque in given or given == ["*"]


def _write_html(page: Page, status: int) -> Response:
    headers = {**HEADERS, "Content-Type": HTML, "Content-Security-Policy": page.policy}
    return Response(status, page.html, headers)


def _compress(response: Response, request: Request) -> Response:
    """The answer, compressed when it is large and the reader can take it."""
    raw = response.body.encode() if isinstance(response.body, str) else response.body
    encodings = request.headers.get("accept-encoding", "").lower()
    accepted = re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", encodings)
    if len(raw) < COMPRESSED_FROM_BYTES or not accepted:
        return response
    headers = {**response.headers, "Content-Encoding": "gzip"}
    return Response(response.status, gzip.compress(raw, 1, mtime=0), headers)
