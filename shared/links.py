"""Links: who has one may read one session's transcript, or one application's list, until it expires."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Literal

# What a link opens: the transcript of the session it names, or the list of the application it names.
Kind = Literal["read", "operator"]

MIN_KEY_CHARACTERS = 16
DEFAULT_LIFETIME_S = 7 * 86_400
OPERATOR_LIFETIME_S = 86_400  # it opens far more
MAX_TOKEN_CHARACTERS = 512
SIGN_BYTES, TIME_BYTES = 16, 5  # Source: RFC 2104, section 5: at least half of the hash


def split_keys(text: str) -> tuple[str, ...]:
    """The keys in a link key's setting, "key" or "new,old": the first signs, all of them read.

    A key is free text that may have a comma of its own: so the whole text reads, too.
    """
    new, _, old = text.partition(",")
    has_two = min(len(new), len(old)) >= MIN_KEY_CHARACTERS
    return (new, old, text) if has_two else (text,)


def sign_link(keys: str, subject: str, expires_s: int, kind: Kind = "read") -> str:
    """The token of a link: letters, digits, - and _, whatever is in `subject`.

    `keys` is the setting TRANSCRIPT_LINK_KEY, or OPERATOR_LINK_KEY for an operator's link. `subject` is the
    id of a session, or the SdkAppId of an application. `expires_s` is in seconds since 1970.
    """
    when = expires_s.to_bytes(TIME_BYTES, "big")
    named = subject.encode("utf-8", "surrogatepass")
    return encode_text(when + _sign(split_keys(keys)[0], kind, when + named) + named)


def read_link(keys: str, token: str, now_s: int, kind: Kind = "read") -> str | None:
    """The subject that a token of any of `keys` opens; None for a wrong, expired or other kind's one."""
    raw = decode_text(token)
    when, sign = raw[:TIME_BYTES], raw[TIME_BYTES:][:SIGN_BYTES]
    subject = raw[TIME_BYTES + SIGN_BYTES :]
    # Every key is tried, so that the time taken does not tell which one it was.
    signs = [_sign(key, kind, when + subject) for key in split_keys(keys)]
    fits = [hmac.compare_digest(one, sign) for one in signs]
    if not any(fits):
        return None
    if int.from_bytes(when, "big") <= now_s:
        return None
    return subject.decode("utf-8", "surrogatepass")


def claim_subject(token: str) -> str:
    """What a token says that it opens, whoever has signed it; "" for what is no token."""
    return decode_text(token)[TIME_BYTES + SIGN_BYTES :].decode("utf-8", "replace")


def write_link(
    keys: str,
    base_url: str,
    subject: str,
    now_s: int,
    lifetime_s: int = DEFAULT_LIFETIME_S,
    kind: Kind = "read",
) -> str:
    """The address that `subject` can be read at; `base_url` is read_transcript's own."""
    return f"{base_url.rstrip('/')}/{sign_link(keys, subject, now_s + lifetime_s, kind)}"


def _sign(key: str, kind: Kind, signed: bytes) -> bytes:
    # The kind is signed, too: even under one key no link can be taken for one of the other kind.
    message = f"roomscribe {kind} link 1\n".encode() + signed
    return hmac.new(key.encode(), message, hashlib.sha256).digest()[:SIGN_BYTES]


def encode_text(raw: bytes) -> str:
    """Bytes as letters, digits, - and _."""
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def decode_text(token: str) -> bytes:
    """What a token says; b"" unless it is spelled exactly as `encode_text` spells it."""
    if not token.isascii() or len(token) > MAX_TOKEN_CHARACTERS:
        return b""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return b""
    return raw if encode_text(raw) == token else b""
