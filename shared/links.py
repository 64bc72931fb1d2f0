"""Read links: who has one may read one session's transcript until it expires, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac

MIN_KEY_CHARACTERS = 16
DEFAULT_LIFETIME_S = 7 * 86_400
MAX_TOKEN_CHARACTERS = 512
SIGN_BYTES, TIME_BYTES = 16, 5  # Source: RFC 2104, section 5: at least half of the hash


def sign_link(key: str, session_id: str, expires_s: int) -> str:
    """The token of a link: letters, digits, - and _, whatever is in the session's id.

    `expires_s` is in seconds since 1970.
    """
    when = expires_s.to_bytes(TIME_BYTES, "big")
    session = session_id.encode("utf-8", "surrogatepass")
    return _encode(when + _sign(key, when + session) + session)


def read_link(key: str, token: str, now_s: int) -> str | None:
    """The session that a token opens; None for a wrong or expired one, whichever it is."""
    raw = _decode(token)
    when, sign = raw[:TIME_BYTES], raw[TIME_BYTES:][:SIGN_BYTES]
    session = raw[TIME_BYTES + SIGN_BYTES :]
    if not hmac.compare_digest(_sign(key, when + session), sign):
        return None
    if int.from_bytes(when, "big") <= now_s:
        return None
    return session.decode("utf-8", "surrogatepass")


def write_link(
    key: str, base_url: str, session_id: str, now_s: int, lifetime_s: int = DEFAULT_LIFETIME_S
) -> str:
    """The address at which a session's transcript can be read; `base_url` is read_transcript's own."""
    return f"{base_url.rstrip('/')}/{sign_link(key, session_id, now_s + lifetime_s)}"


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
