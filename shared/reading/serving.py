"""One invocation of read_transcript: open, answer, and log a line without a word of what was said."""

from __future__ import annotations

import time
from collections.abc import Callable

from shared import log
from shared.entry import run_function
from shared.errors import MethodError, RequestError, RoomscribeError, SettingsError
from shared.reading.answer import Answer, answer_message, answer_request
from shared.reading.memory import RememberedTranscripts
from shared.scf import Invocation, Json, Request, Response, is_direct, read_request
from shared.scf import write_response as write
from shared.settings import Settings

OpenTranscripts = Callable[[Settings], RememberedTranscripts]

NOT_NOW = ("Not now", "The transcript cannot be read at the moment. Try again in a while.")
WRONG = (
    "Something is wrong here",
    "The transcript cannot be shown. Whoever runs this can see why.",
)


def answer_reader(event: object, context: object, open_transcripts: OpenTranscripts) -> Json:
    """The HTTP answer to somebody who reads; every failure is a page without details."""
    response = _answer(event, context, open_transcripts)
    body = response.body
    is_head = isinstance(event, dict) and event.get("httpMethod") == "HEAD"
    size = len(body.encode() if isinstance(body, str) else body)
    headers = {**response.headers, **({"Content-Length": str(size)} if size else {})}
    return write(Response(response.status, "" if is_head else body, headers))


def _answer(event: object, context: object, open_transcripts: OpenTranscripts) -> Response:
    started_s = time.perf_counter()

    def act(settings: Settings, invocation: Invocation) -> Response:
        key = _require_key(settings)
        request = _read_request(event)
        answer = answer_request(request, open_transcripts(settings), key, invocation.started_ms)
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


def _require_key(settings: Settings) -> str:
    if settings.transcript_link_key is None:
        raise SettingsError(["TRANSCRIPT_LINK_KEY: not set; without it nobody can read anything"])
    return settings.transcript_link_key


def _read_request(event: object) -> Request:
    if is_direct(event) or not isinstance(event, dict):
        raise RequestError("this function is read over HTTP: open its URL with a read link")
    return read_request(event)


def _answer_error(error: RoomscribeError) -> Response:
    if isinstance(error, RequestError):
        response = answer_message(error.http_status, "This cannot be answered", f"{error}.")
        allow = {"Allow": "GET, HEAD"} if isinstance(error, MethodError) else {}
        return Response(response.status, response.body, {**response.headers, **allow})
    return answer_message(error.http_status, *(NOT_NOW if error.http_status == 503 else WRONG))


def _log(answer: Answer, elapsed_ms: float) -> None:
    log.write(
        "transcript.refused" if answer.outcome == "refused" else "transcript.read",
        session=answer.session_id,
        outcome=answer.outcome,
        format=answer.format or None,
        status=answer.response.status,
        sentences=answer.sentences,
        elapsed_ms=elapsed_ms,
    )
