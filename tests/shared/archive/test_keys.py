"""A session's folder: from its id alone, its own, and fit for every store and every file system."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.archive.keys import check_key, find_folder
from shared.room import names_string_room
from shared.times import LAST_MS

LONGEST_NAME = "/transcript.spoken+" + "x" * 35 + ".json"
HOSTILE_ROOMS = [
    *(".", "..", "../..", "/", "//", "a/b", "a/", "-", " ", "con", "~", "%2e%2e", "\\", "a\\b"),
    *("x" * 64, "界" * 21, "𠮷" * 16, "教室 七", "\u202e7-ssalc", "caf\u00e9", "cafe\u0301", "½"),
]


@st.composite
def session_ids(draw: st.DrawFn) -> str:
    """The id of a session, of whatever room."""
    app = draw(st.integers(1, 2**32))
    room = draw(st.text(min_size=1, max_size=64) | st.sampled_from(HOSTILE_ROOMS))
    opened_at_ms = draw(st.integers(0, 10**18) | st.just(1_764_150_000_123))
    return f"{app}/{draw(st.sampled_from('01'))}/{room}/{opened_at_ms}"


def test_folder_is_the_date_the_application_the_room_the_time_and_a_hash() -> None:
    folder = find_folder("1400000000/1/class-7/1764150000123")
    assert re.fullmatch(r"2025/11/26/1400000000/class-7/094000-[0-9a-f]{20}", folder)


@given(session_ids())
@example(f"1/1/{'界' * 21}/1764150000123")
@example(f"1/1/{'x' * 64}/{LAST_MS + 1}")
@example(f"1/1/{'𠮷' * 1000}/1764150000123")
def test_folder_has_safe_characters_and_is_short(session_id: str) -> None:
    folder = find_folder(session_id)
    year, month, day, app, readable, mark = folder.split("/")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", f"{year}-{month}-{day}", re.ASCII)
    assert app == session_id.split("/")[0]
    assert all(letter == "-" or letter.isalnum() for letter in readable)
    assert re.fullmatch(r"[0-9]{6}-[0-9a-f]{20}", mark)
    assert check_key(folder) == folder.split("/")
    assert len((folder + LONGEST_NAME).encode()) <= 900


@given(session_ids().filter(lambda one: names_string_room(one.split("/", 2)[2].rpartition("/")[0])))
def test_folder_of_a_room_that_can_be_is_short_even_percent_encoded(session_id: str) -> None:
    """COS allows 850 bytes. Source: COS documentation, Object Overview (product 436, document 13324)."""
    assert len(quote(find_folder(session_id) + LONGEST_NAME)) <= 450


@given(session_ids(), session_ids())
@example("1/0/7/1", "1/1/7/1")
@example("1/1/Class/1", "1/1/class/1")
@example("1/1/caf\u00e9/1", "1/1/cafe\u0301/1")
@example("1/1/a/b/1", "1/1/a-b/1")
@example("1/1/./1", "1/1/-/1")
@example("1/1/../1", "1/1/--/1")
@example("1/1/a/1764150000123", "1/1/a/1764150000124")
@example(f"1/1/{'x' * 64}/1", f"1/1/{'x' * 65}/1")
@example(f"1/1/a/{LAST_MS}", f"1/1/a/{LAST_MS + 1}")
def test_folder_is_the_session_s_own_on_every_file_system(one: str, other: str) -> None:
    """File systems may take upper and lower case, and composed and decomposed letters, for the same."""
    folders = {unicodedata.normalize("NFD", find_folder(name)).casefold() for name in (one, other)}
    assert len(folders) == len({one, other})


@pytest.mark.parametrize("room", ["a/1/2", "1/0/7/5", "0", "4294967294"])
def test_room_may_be_called_like_a_part_of_an_id(room: str) -> None:
    folder = find_folder(f"1/1/{room}/1764150000123")
    assert folder.startswith(f"2025/11/26/1/{room.replace('/', '-')}/094000-")


@pytest.mark.parametrize("text", ["", "a", "1/1/a", "1/1/a/", "1/2/a/1", "a/1/a/1", "1/1//1"])
def test_what_is_no_id_of_a_session_has_no_folder(text: str) -> None:
    with pytest.raises(ValueError, match="not the id of a session"):
        find_folder(text)
