"""Read links: only the very token that was signed opens a session; and what a reader asks for beside it."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from shared.errors import RoomscribeError
from shared.links import MAX_TOKEN_CHARACTERS, SIGN_BYTES, TIME_BYTES, read_link, sign_link
from shared.reading.answer import answer_request
from shared.scf import Request
from shared.transcripts.files import MAX_LANGUAGES
from tests.support.transcript_source import LINK_KEY, OPENED_MS, SESSION, MemorySource

EXPIRES_S = OPENED_MS // 1000 + 60
SESSIONS = (SESSION, "1400000000/0/1234/1700000000000", "1/1/早上好/1", "1/1/\ud83d/1", "")
TOKEN = sign_link(LINK_KEY, SESSION, EXPIRES_S)
HEAD_BYTES = TIME_BYTES + SIGN_BYTES
REQUESTS = (
    f"GET\n/{TOKEN}.vtt\nlang=en,zh",
    f"GET\n/{TOKEN}.json\nsince=1.abcdef01",
    f"HEAD\n/{TOKEN}.srt\nlang=spoken zh\n*",
    f"OPTIONS\n/{TOKEN}.txt",
    f"GET\n{TOKEN}",
)


def make_source() -> MemorySource:
    """A transcript of two sentences."""
    source = MemorySource()
    source.open()
    source.say("amy", "Good morning.", 3, zh="早上好。")
    source.say("li", "a\n<b> \x00", 5)
    return source


SOURCE = make_source()


def list_seeds() -> Iterator[bytes]:
    """Tokens, sessions, and requests."""
    for session in SESSIONS:
        yield b"t" + sign_link(LINK_KEY, session, EXPIRES_S).encode()
        yield b"s" + session.encode("utf-8", "surrogatepass")
    for request in REQUESTS:
        yield b"r" + request.encode()


def run(data: bytes) -> None:
    """`t`: a token; `s`: a session that gets one; `r`: a request, a line for each of its parts."""
    text = data[1:].decode("utf-8", "surrogateescape")
    if data[:1] == b"t":
        _open(text)
    elif data[:1] == b"s":
        _round_trip(data[1:])
    else:
        _ask(text)


def _open(token: str) -> None:
    session = read_link(LINK_KEY, token, 0)
    if session is None:
        return
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    expires_s = int.from_bytes(raw[:TIME_BYTES], "big")
    assert token == sign_link(LINK_KEY, session, expires_s)
    assert read_link(LINK_KEY, token, expires_s) is None


def _round_trip(raw: bytes) -> None:
    try:
        session = raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return
    token = sign_link(LINK_KEY, session, EXPIRES_S)
    is_short = len(token) <= MAX_TOKEN_CHARACTERS
    assert read_link(LINK_KEY, token, EXPIRES_S - 1) == (session if is_short else None)
    assert read_link(LINK_KEY, token, EXPIRES_S) is None
    assert read_link(LINK_KEY + "!", token, EXPIRES_S - 1) is None
    _refuse_neighbours(session, token)


def _refuse_neighbours(session: str, token: str) -> None:
    """One letter changed, one more, one less, or padding: none of them opens anything."""
    place = len(session) % len(token)
    letter = "A" if token[place] != "A" else "B"
    changed = token[:place] + letter + token[place + 1 :]
    for other in (changed, token + "A", token[:-1], token + "=", token + "\n"):
        assert read_link(LINK_KEY, other, EXPIRES_S - 1) is None, other


def _ask(text: str) -> None:
    method, path, query, known, *_ = (*text.split("\n"), "", "", "", "")
    pairs = [pair.partition("=") for pair in query.split("&")]
    headers = {"if-none-match": known, "accept-encoding": "gzip"}
    request = Request(method, path, {n: v for n, _, v in pairs}, headers, b"")
    try:
        answer = answer_request(request, SOURCE.open_afresh(), LINK_KEY, OPENED_MS)
    except RoomscribeError as error:
        assert 400 <= error.http_status < 500, error
        return
    status = answer.response.status
    assert status in (200, 204, 304, 403, 404)
    if status in (200, 304):
        assert path.strip("/").startswith(TOKEN)
    for value in answer.response.headers.values():
        assert value.isprintable()
    assert MAX_LANGUAGES
