"""Read links: who has one may read one session's transcript until it expires, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac

MIN_KEY_CHARACTERS = 16
DEFAULT_LIFETIME_S = 7 * 86_400
MAX_TOKEN_CHARACTERS = 512
SIGN_BYTES, TIME_BYTES = 16, 5  # Source: RFC 2104, section 5: at least half of the hash


def split_keys(text: str) -> tuple[str, ...]:
    """The keys in TRANSCRIPT_LINK_KEY, "key" or "new,old": the first signs, all of them read.

    A key is free text that may have a comma of its own: so the whole text reads, too.
    """
    new, _, old = text.partition(",")
    has_two = min(len(new), len(old)) >= MIN_KEY_CHARACTERS
    return (new, old, text) if has_two else (text,)


def sign_link(keys: str, session_id: str, expires_s: int) -> str:
    """The token of a link: letters, digits, - and _, whatever is in the session's id.

    `keys` is TRANSCRIPT_LINK_KEY, `expires_s` is in seconds since 1970.
    """
    when = expires_s.to_bytes(TIME_BYTES, "big")
    session = session_id.encode("utf-8", "surrogatepass")
    return _encode(when + _sign(split_keys(keys)[0], when + session) + session)


def read_link(keys: str, token: str, now_s: int) -> str | None:
    """The session that a token of any of `keys` opens; None for a wrong or expired one, whichever it is."""
    raw = _decode(token)
    when, sign = raw[:TIME_BYTES], raw[TIME_BYTES:][:SIGN_BYTES]
    session = raw[TIME_BYTES + SIGN_BYTES :]
    # Every key is tried, so that the time taken does not tell which one it was.
    fits = [hmac.compare_digest(_sign(key, when + session), sign) for key in split_keys(keys)]
    if not any(fits):
        return None
    if int.from_bytes(when, "big") <= now_s:
        return None
    return session.decode("utf-8", "surrogatepass")


def write_link(
    keys: str, base_url: str, session_id: str, now_s: int, lifetime_s: int = DEFAULT_LIFETIME_S
) -> str:
    """The address at which a session's transcript can be read; `base_url` is read_transcript's own."""
    return f"{base_url.rstrip('/')}/{sign_link(keys, session_id, now_s + lifetime_s)}"


def _sign(key: str, signed: bytes) -> bytes:
    message = b"roomscribe read link 1\n" + signed
    return hmac.new(key.encode(), message, hashlib.sha256).digest()[:SIGN_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _decode(token: str) -> bytes:
    """What a token says; b"" unless it is spelled exactly as `_encode` spells it."""
    if not token.isascii() or len(token) > MAX_TOKEN_CHARACTERS:
        return b""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return b""
    return raw if _encode(raw) == token else b""
