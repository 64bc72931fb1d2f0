"""Counts as people read them."""

from __future__ import annotations

import pytest

from shared.counts import write_count


@pytest.mark.parametrize(
    ("number", "noun", "written"),
    [
        (0, "sentence", "0 sentences"),
        (1, "sentence", "1 sentence"),
        (2, "line of a log", "2 lines of a log"),
        (1_000, "room", "1,000 rooms"),
    ],
)
def test_noun_takes_the_plural_unless_it_is_one(number: int, noun: str, written: str) -> None:
    assert write_count(number, noun) == written
