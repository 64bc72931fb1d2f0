"""Which ids TRTC has."""

import pytest

from local.cloud.room_ids import CHARACTERS, complain_room_id, complain_user_id


def test_there_are_89_characters() -> None:
    assert len(CHARACTERS) == 89


@pytest.mark.parametrize("room_id", ["1", "295000", "4294967294"])
def test_numeric_rooms_are_numbers_below_the_largest_of_32_bits(room_id: str) -> None:
    assert complain_room_id(room_id, 0) is None


@pytest.mark.parametrize(
    "room_id", ["", "0", "4294967295", "007", "-1", "+1", "1.0", " 1", "1\n", "١", "a", "9" * 99]
)
def test_anything_else_is_no_numeric_room(room_id: str) -> None:
    assert complain_room_id(room_id, 0)


@pytest.mark.parametrize("room_id", ["a", "1", "007", " ", "..", "x" * 64])
def test_string_rooms_are_any_text(room_id: str) -> None:
    assert complain_room_id(room_id, 1) is None


def test_string_rooms_have_any_of_the_characters() -> None:
    assert {complain_room_id(character, 1) for character in CHARACTERS} == {None}


@pytest.mark.parametrize(
    "room_id", ["", "x" * 65, "é", "a/b", '"', "'", "*", "\\", "`", "a\n", "\x00"]
)
def test_anything_else_is_no_string_room(room_id: str) -> None:
    assert complain_room_id(room_id, 1)


@pytest.mark.parametrize("user_id", ["a", "A-1_z", "x" * 32])
def test_user_ids_are_letters_digits_and_two_marks(user_id: str) -> None:
    assert complain_user_id(user_id) is None


@pytest.mark.parametrize("user_id", ["", "x" * 33, "a b", "é", "a\n", 1, None])
def test_anything_else_is_no_user_id(user_id: object) -> None:
    assert complain_user_id(user_id)
