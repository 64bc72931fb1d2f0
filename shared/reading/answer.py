"""A transcript over HTTP: what a request with a read link gets, logged without a word of what was said."""

from __future__ import annotations

import gzip
import hashlib
import re
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from shared import log
from shared.entry import run_function
from shared.errors import MethodError, RequestError, RoomscribeError, SettingsError
from shared.ledger.document import find_room
from shared.links import claim_subject, read_link
from shared.reading.kept import KeptTranscripts, NotKeptError
from shared.reading.meetings import answer_operator
from shared.reading.pages import FILE_POLICY, write_captions, write_message, write_page
from shared.scf import (
    Invocation,
    Json,
    Request,
    Response,
    is_direct,
    read_request,
    write_response,
)
from shared.settings import Settings
from shared.times import write_date
from shared.transcripts.files import (
    FORMS,
    knows_names,
    read_languages,
    read_since,
    write_document,
    write_next,
)
from shared.transcripts.records import TranscriptHead

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
CAPTIONS_PATH = re.compile(r"/?captions\.js")
CAPTIONS_HEADERS = {  # no link opens it and nothing in it is secret: the one thing that caches may keep
    "Content-Type": "text/javascript; charset=utf-8",
    "Cache-Control": "public, max-age=3600",
}
REFUSED = (
    "This link cannot be opened",
    "It is not valid, or not any more. Ask whoever gave it to you for a new one.",
)
GONE = ("This transcript is no longer kept", "It was deleted, or its time is over.")
NOT_NOW = ("Not now", "The transcript cannot be read at the moment. Try again in a while.")
WRONG = (
    "Something is wrong here",
    "The transcript cannot be shown. Whoever runs this can see why.",
)


class Answer(NamedTuple):
    """An HTTP answer, and what may be logged of it."""

    response: Response
    outcome: str
    format: str = ""
    session_id: str | None = None
    sentences: int | None = None


OpenTranscripts = Callable[[Settings], KeptTranscripts]


def answer_reader(event: object, context: object, open_transcripts: OpenTranscripts) -> Json:
    """The HTTP answer to somebody who reads; every failure is a page without details."""
    response = _answer(event, context, open_transcripts)
    body = response.body
    is_head = isinstance(event, dict) and event.get("httpMethod") == "HEAD"
    size = len(body.encode() if isinstance(body, str) else body)
    headers = {**HEADERS, **response.headers}
    if size:
        headers["Content-Length"] = str(size)
    return write_response(Response(response.status, "" if is_head else body, headers))


def _answer(event: object, context: object, open_transcripts: OpenTranscripts) -> Response:
    started_s = time.perf_counter()

    def act(settings: Settings, invocation: Invocation) -> Response:
        captions = _answer_captions(event)
        if captions is not None:
            _log(captions, round((time.perf_counter() - started_s) * 1000, 1))
            return captions.response
        key = settings.transcript_link_key
        if key is None:
            raise SettingsError(
                ["TRANSCRIPT_LINK_KEY: not set; without it nobody can read anything"]
            )
        if is_direct(event) or not isinstance(event, dict):
            raise RequestError("this function is read over HTTP: open its URL with a read link")
        request, transcripts = read_request(event), open_transcripts(settings)
        now_ms = invocation.started_ms
        listed = answer_operator(request, settings, now_ms, started_s, transcripts)
        if listed:
            return _compress(listed, request)
        answer = answer_request(request, transcripts, key, now_ms)
        _log(answer, round((time.perf_counter() - started_s) * 1000, 1))
        return answer.response

    return run_function(
        context,
        act,
        _answer_error,
        refused="transcript.refused",
        failed="transcript.failed",
        answers_trtc=False,
    )


def _answer_error(error: RoomscribeError) -> Response:
    if isinstance(error, RequestError):
        response = write_message(error.http_status, "This cannot be answered", f"{error}.")
        allow = {"Allow": "GET, HEAD"} if isinstance(error, MethodError) else {}
        return Response(response.status, response.body, {**response.headers, **allow})
    return write_message(error.http_status, *(NOT_NOW if error.http_status == 503 else WRONG))


def _answer_captions(event: object) -> Answer | None:
    """The script for other sites, for which no ledger is opened; None for any other request."""
    if not isinstance(event, dict) or event.get("httpMethod") not in ("GET", "HEAD"):
        return None
    request = read_request(event)
    if not CAPTIONS_PATH.fullmatch(request.path):
        return None
    text, etag = write_captions()
    headers = {**CAPTIONS_HEADERS, "Content-Security-Policy": FILE_POLICY, "ETag": etag}
    if _is_known(etag, request.headers.get("if-none-match", "")):
        return Answer(Response(304, "", headers), "not_changed", "js")
    return Answer(Response(200, text, headers), "served", "js")


def _log(answer: Answer, elapsed_ms: float) -> None:
    read: log.Message = "captions.served" if answer.format == "js" else "transcript.read"
    # An open page asks every 1.5 s, and learns nothing most of the time.
    is_idle_poll = read == "transcript.read" and answer.outcome == "not_changed"
    log.write(
        "transcript.refused" if answer.outcome.startswith("link_") else read,
        "debug" if is_idle_poll else "info",
        session=answer.session_id,
        outcome=answer.outcome,
        remedy="`./roomscribe link` signs a new one" if answer.outcome == "link_expired" else None,
        format=answer.format or None,
        status=answer.response.status,
        sentences=answer.sentences,
        elapsed_ms=elapsed_ms,
    )


def answer_request(request: Request, transcripts: KeptTranscripts, key: str, now_ms: int) -> Answer:
    """The Answer to a request; raises RequestError for a malformed one, LedgerError without a ledger.

    Without a valid link the answer is the same whatever was asked for, and nothing is looked up.
    """
    if request.method == "OPTIONS":  # Source: WHATWG, Fetch: a browser asks before If-None-Match
        return Answer(Response(204, "", PREFLIGHT), "preflight")
    if request.method not in ("GET", "HEAD"):
        raise MethodError("transcripts are read with GET")
    match = PATH.fullmatch(request.path)
    session_id = read_link(key, match[1], now_ms // 1000) if match else None
    if match is None or session_id is None:
        old = match and read_link(key, match[1], 0)  # told in the log alone
        claimed = claim_subject(match[1]) if match else ""
        other = "link_foreign" if find_room(claimed) or claimed.isdecimal() else "link_forged"
        outcome = "link_expired" if old else other
        return Answer(write_message(403, *REFUSED), outcome, "", old)
    head = transcripts.read_head(session_id)
    if head is None:
        return Answer(write_message(404, *GONE), "gone", session_id=session_id)
    form = match[2]
    if not form:
        return Answer(write_page(match[1]), "read", "page", session_id)
    try:
        answer = _answer_file(head, form, request, transcripts)
    except NotKeptError:
        answer = Answer(write_message(404, *GONE), "gone")
    return answer._replace(format=form, session_id=session_id)


def _answer_file(
    head: TranscriptHead, form: str, request: Request, transcripts: KeptTranscripts
) -> Answer:
    languages = read_languages(request.query.get("lang", ""))
    etag = _name_version(head, form, languages)
    headers = {
        "Content-Security-Policy": FILE_POLICY,
        "Vary": "Accept-Encoding",
        "ETag": etag,
    }
    if _is_known(etag, request.headers.get("if-none-match", "")):
        return Answer(Response(304, "", headers), "not_changed")
    # Only this form tells what changed; a file is always whole.
    asked = request.query.get("since", "") if form == "json" else ""
    since = read_since(asked, head)
    anew = bool(since) and not knows_names(asked, head)
    transcript = transcripts.name_speakers(transcripts.read(head, since), anew=anew)
    if form == "json":
        headers["Content-Type"] = "application/json"
        text = write_document(transcript, complete=not since)
    else:
        headers["Content-Type"], write = FORMS[form]
        text = write(transcript, languages)
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
    parts = (head.session_id, head.room_id, head.closed_ms, head.state, write_next(head))
    named = repr((*parts, form, tuple(languages)))
    return f'W/"{hashlib.blake2b(named.encode("utf-8", "replace"), digest_size=9).hexdigest()}"'


def _is_known(etag: str, if_none_match: str) -> bool:
    opaque = etag.removeprefix("W/")
    given = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return opaque in given or given == ["*"]


def _compress(response: Response, request: Request) -> Response:
    """The answer, compressed when it is large and the reader can take it."""
    raw = response.body.encode() if isinstance(response.body, str) else response.body
    encodings = request.headers.get("accept-encoding", "").lower()
    accepted = re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", encodings)
    if len(raw) < COMPRESSED_FROM_BYTES or not accepted:
        return response
    headers = {**response.headers, "Content-Encoding": "gzip"}
    return Response(response.status, gzip.compress(raw, 1, mtime=0), headers)
