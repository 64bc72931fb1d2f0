"""Signatures and identities against the vendor's own vectors."""

from __future__ import annotations

import base64
import json
import re
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import signer
from shared.room import Room

EVENTS = Path(__file__).parents[1] / "events"
SIGNED_BODY = (EVENTS / "audio-stopped-signed.json").read_bytes()
SIGN = "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA="


def test_official_callback_vector_verifies() -> None:
    assert signer.sign_callback("123654", SIGNED_BODY) == SIGN
    assert signer.verify_callback("123654", SIGNED_BODY, SIGN)


def test_second_official_body_has_the_known_sign() -> None:
    body = (EVENTS / "room-created-seconds-only.json").read_bytes()
    assert signer.sign_callback("789", body) == "t2Yq1R4wilV/RIMRyygkgdhxWO8dgTdXXrfNVtz7V3k="


@pytest.mark.parametrize("place", [0, 1, 40, len(SIGNED_BODY) - 1])
def test_one_changed_byte_fails(place: int) -> None:
    changed = bytearray(SIGNED_BODY)
    changed[place] ^= 1
    assert not signer.verify_callback("123654", bytes(changed), SIGN)


def test_body_serialised_again_fails() -> None:
    assert not signer.verify_callback("123654", json.dumps(json.loads(SIGNED_BODY)).encode(), SIGN)


@given(st.text())
def test_any_text_as_sign_is_refused_quietly(sign: str) -> None:
    assert not signer.verify_callback("123654", SIGNED_BODY, sign)


def test_user_sig_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1600000000)
    key = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
    sig = signer.make_user_sig(1400000000, key, "xiaojun", 15552000)
    fields = json.loads(
        zlib.decompress(base64.b64decode(sig.translate(str.maketrans("*-_", "+/="))))
    )
    assert fields["TLS.sig"] == "1Z5PngDjGaufeSiPoBuxdHY7EK3JTdAjMP93S4KvV3M="
    assert fields["TLS.identifier"] == "xiaojun"
    assert fields["TLS.expire"] == 15552000


@given(room_id=st.text(min_size=1, max_size=64), target=st.text(min_size=1, max_size=32))
def test_bot_user_id_fits_every_room(room_id: str, target: str) -> None:
    bot = signer.bot_user_id(Room(1400000000, room_id, 1), "key", target)
    assert re.fullmatch(r"roomscribe_[a-z2-7]{20}", bot)
    assert signer.is_bot_user_id(Room(1400000000, room_id, 1), "key", bot)


def test_bot_user_id_tells_rooms_types_targets_applications_and_keys_apart() -> None:
    variants = [
        (Room(1, "123", 0), "key", "*"),
        (Room(1, "123", 1), "key", "*"),
        (Room(1, "124", 0), "key", "*"),
        (Room(1, "123", 0), "key", "user"),
        (Room(2, "123", 0), "key", "*"),
        (Room(1, "123", 0), "other", "*"),
    ]
    assert len({signer.bot_user_id(*variant) for variant in variants}) == len(variants)


@given(st.text())
def test_person_is_never_taken_for_a_bot(user_id: str) -> None:
    for name in (user_id, f"roomscribe_{user_id}"):
        assert not signer.is_bot_user_id(Room(1400000000, "class-7", 1), "key", name)


def test_bot_of_another_room_type_application_or_key_is_not_ours_here() -> None:
    bot = signer.bot_user_id(Room(1, "123", 0), "key", "ann")
    assert signer.is_bot_user_id(Room(1, "123", 0), "key", bot)
    for place in (
        (Room(1, "123", 1), "key"),
        (Room(1, "124", 0), "key"),
        (Room(2, "123", 0), "key"),
        (Room(1, "123", 0), "other"),
    ):
        assert not signer.is_bot_user_id(*place, bot)


def test_bot_user_id_never_changes() -> None:
    """Rooms are open while a new version is deployed: their bots must stay who they are."""
    assert signer.bot_user_id(Room(1400000000, "class-7", 1), "key") == (
        "roomscribe_gq7j6tup75t2gqdqbdsn"
    )


def test_session_id_changes_with_the_session_and_the_restart() -> None:
    assert signer.api_session_id("bot", 5) == "bot-5"
    assert signer.api_session_id("bot", 6) == "bot-6"
    assert signer.api_session_id("bot", 6, 1) == "bot-6-1"
