"""A callback, and how TRTC writes and signs it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

from local.cloud.state import RoomKey


@dataclass(eq=False)
class Callback:
    """One callback and how often it was tried; the first time was at `first_ms`."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    room: RoomKey
    event_type: int
    attempts: int = 0
    first_ms: int = 0


def sign_body(body: bytes, callback_key: str) -> str:
    """The Sign header. Source: doc 647/90450."""
    digest = hmac.new(callback_key.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def write_body(callback: Mapping[str, object]) -> bytes:
    """JSON as TRTC prints it: one member a line, a tab for each level and after each colon."""
    return _print(callback, "").encode()


def _print(value: object, indent: str) -> str:
    if isinstance(value, Mapping):
        inner = indent + "\t"
        members = [f"{inner}{_quote(k)}:\t{_print(v, inner)}" for k, v in value.items()]
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_print(v, indent) for v in value) + "]"
    return _quote(value)


_quote = json.JSONEncoder(ensure_ascii=False).encode
