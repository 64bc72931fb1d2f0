"""Signatures and identities, pure: callback Sign, UserSig, a room's bot, its task's SessionId."""

from __future__ import annotations

import base64
import hmac
import re
from functools import lru_cache

from shared.room import WHOLE_ROOM, Room

BOT_PREFIX = "roomscribe_"


def sign_callback(callback_key: str, body: bytes) -> str:
    """The Sign header TRTC sends with `body`: base64 of HMAC-SHA256 over the bytes as they are.

    Source: TRTC documentation, callback signature (product 647, document 90450), 2026-11.
    """
    digest = hmac.digest(callback_key.encode(), body, "sha256")
    return base64.b64encode(digest).decode("ascii")


def verify_callback(callback_key: str, body: bytes, sign: str) -> bool:
    """Whether `sign` is the Sign of `body`, compared in constant time; any text is safe to pass."""
    expected = sign_callback(callback_key, body).encode("ascii")
    return hmac.compare_digest(expected, sign.encode("utf-8", "surrogatepass"))


def make_user_sig(sdk_app_id: int, secret_key: str, user_id: str, expire_s: int) -> str:
    """The UserSig with which `user_id` may enter rooms of the application for `expire_s` seconds."""
    from TLSSigAPIv2 import TLSSigAPIv2  # needed only when a task is started

    sig: str = TLSSigAPIv2(sdk_app_id, secret_key).gen_sig(user_id, expire_s)
    return sig


def bot_user_id(room: Room, secret_key: str, target: str = WHOLE_ROOM) -> str:
    """The one UserId of the bot that hears `target` in this room: 31 bytes of [a-z0-9_].

    It depends on nothing else (no time, rule or service), so a second bot for the same ears
    collides with the first instead of joining it. Keyed with the application's secret, so
    nobody outside can foretell or imitate it.
    """
    tag = _hash(secret_key, "target", target)[:8]
    return _name_bot(room, secret_key, tag)


def is_bot_user_id(room: Room, secret_key: str, user_id: str | None) -> bool:
    """Whether a user is a bot of ours in this room, whomever it hears; known from the id alone.

    A person whose UserId only begins like a bot's is none.
    """
    if user_id is None or not user_id.startswith(BOT_PREFIX):
        return False
    return user_id == _name_bot(room, secret_key, user_id.removeprefix(BOT_PREFIX)[:8])


def api_session_id(bot: str, opened_ms: int, generation: int = 0) -> str:
    """The SessionId of a 1.0 task: the bot, when the session opened, and which restart this is."""
    suffix = f"-{generation}" if generation else ""
    return f"{bot}-{opened_ms}{suffix}"


def read_api_session_id(session_id: str) -> tuple[str, int]:
    """The bot and the opening ms in a SessionId of ours; ("", 0) for anybody else's."""
    match = re.fullmatch(r"([a-z0-9_]+)-([0-9]{1,15})(-[0-9]{1,6})?", session_id)
    return (match[1], int(match[2])) if match else ("", 0)


def _name_bot(room: Room, secret_key: str, tag: str) -> str:
    place = (str(room.sdk_app_id), str(room.room_id_type), room.room_id)
    sign = _hash(secret_key, "bot", *place, tag)[:12]
    return BOT_PREFIX + tag + sign


@lru_cache(maxsize=1_000)
def _hash(secret_key: str, *parts: str) -> str:
    """A keyed hash: 16 of the letters a UserId may have; kept, as a room is asked about again and again."""
    text = "\n".join(("roomscribe", *parts)).encode("utf-8", "surrogatepass")
    digest = hmac.digest(secret_key.encode(), text, "sha256")
    return base64.b32encode(digest[:10]).decode("ascii").lower()
