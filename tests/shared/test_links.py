"""Read links: one session, until they expire, in letters that any URL may have."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cloud.room_ids import CHARACTERS
from shared.links import read_link, sign_link, split_keys, write_link
from tests.support.transcript_source import LINK_KEY, SESSION

NOW_S = 1_700_000_000


@given(st.text(sorted(CHARACTERS), min_size=1, max_size=64))
def test_link_of_any_room_is_safe_in_a_url_and_opens_its_session(room_id: str) -> None:
    session_id = f"1400000000/1/{room_id}/1700000000000"
    token = sign_link(LINK_KEY, session_id, NOW_S + 60)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,200}", token)
    assert read_link(LINK_KEY, token, NOW_S) == session_id


def test_link_expires() -> None:
    token = sign_link(LINK_KEY, SESSION, NOW_S)
    assert read_link(LINK_KEY, token, NOW_S - 1) == SESSION
    assert read_link(LINK_KEY, token, NOW_S) is None


@given(st.integers(0, 5 * 8 + 16 * 8 + len(SESSION) * 8 - 1))
def test_one_changed_bit_opens_nothing(place: int) -> None:
    from shared.links import decode_text, encode_text

    raw = bytearray(decode_text(sign_link(LINK_KEY, SESSION, NOW_S + 60)))
    raw[place // 8] ^= 1 << place % 8
    assert read_link(LINK_KEY, encode_text(bytes(raw)), NOW_S) is None


@given(st.text(max_size=600))
def test_any_text_as_token_is_refused_quietly(token: str) -> None:
    assert read_link(LINK_KEY, token, NOW_S) is None


@pytest.mark.parametrize("change", ["{}=", "{}.", "{} ", " {}", "{}A", "{}\n"])
def test_token_has_one_spelling(change: str) -> None:
    token = sign_link(LINK_KEY, SESSION, NOW_S + 60)
    assert read_link(LINK_KEY, change.format(token), NOW_S) is None


def test_other_key_opens_nothing() -> None:
    assert read_link("another key of 22 chars", sign_link(LINK_KEY, SESSION, 2**33), NOW_S) is None


def test_link_is_an_address_below_the_functions_own() -> None:
    link = write_link(LINK_KEY, "https://example.com/read/", SESSION, NOW_S, lifetime_s=60)
    base, _, token = link.rpartition("/")
    assert base == "https://example.com/read"
    assert read_link(LINK_KEY, token, NOW_S + 59) == SESSION
    assert read_link(LINK_KEY, token, NOW_S + 60) is None


NEW, OLD = "the-new-link-key-1", "the-old-link-key-2"


def test_links_of_both_keys_are_read_and_the_new_one_signs() -> None:
    both = f"{NEW},{OLD}"
    assert sign_link(both, SESSION, 2**33) == sign_link(NEW, SESSION, 2**33)
    for key in (NEW, OLD, both):
        assert read_link(both, sign_link(key, SESSION, 2**33), NOW_S) == SESSION
    assert read_link(NEW, sign_link(OLD, SESSION, 2**33), NOW_S) is None


@pytest.mark.parametrize(
    "key", ["a passphrase, with a comma", "long-enough-words-1,and-more-words-2"]
)
def test_key_with_a_comma_of_its_own_still_reads_its_links(key: str) -> None:
    """Whoever had it before two keys were possible signed with all of it."""
    assert split_keys(key)[-1] == key
    token = sign_link(key, SESSION, 2**33)
    assert read_link(key, token, NOW_S) == SESSION


def test_part_too_short_for_a_key_is_none() -> None:
    text = f"short,{OLD}"
    assert split_keys(text) == (text,)
    assert read_link(text, sign_link(OLD, SESSION, 2**33), NOW_S) is None


@pytest.mark.parametrize("subject", [SESSION, "1400000000"])
def test_link_of_one_kind_opens_nothing_of_the_other_even_under_one_key(subject: str) -> None:
    read = sign_link(LINK_KEY, subject, NOW_S + 60)
    operator = sign_link(LINK_KEY, subject, NOW_S + 60, "operator")
    assert read_link(LINK_KEY, operator, NOW_S, "operator") == subject
    assert read_link(LINK_KEY, operator, NOW_S) is None
    assert read_link(LINK_KEY, read, NOW_S, "operator") is None
