"""Times as people write them."""

from __future__ import annotations

import pytest

from shared.errors import RequestError
from shared.times import read_time

NOW_MS = 1_800_000_000_000


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (1_712_010_512_000, 1_712_010_512_000),
        ("1712010512000", 1_712_010_512_000),  # not a day of the year 1712
        ("1795801577000", 1_795_801_577_000),
        ("2026-11-27T09:00:00Z", 1_795_770_000_000),
        ("2026-11-27T09:00:00", 1_795_770_000_000),
        ("2026-11-27T10:00:00.250+01:00", 1_795_770_000_250),
        ("90m", NOW_MS - 90 * 60_000),
        ("0s", NOW_MS),
    ],
)
def test_time_is_read(value: object, ms: int) -> None:
    assert read_time(value, NOW_MS) == ms


@pytest.mark.parametrize(
    "value", ["", "soon", "20261127", "1e12", "-5m", "²m", True, -1, 1.5, None]
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(RequestError, match='a time must be like "2026-11-27T09:00:00Z" '):
        read_time(value, NOW_MS)
