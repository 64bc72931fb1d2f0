"""Every promise of docs/security.md names tests that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.named_tests import find_missing

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
HEADER = "| threat | promise | how | test |"


def list_promises(text: str) -> list[tuple[str, ...]]:
    """The cells of every row of the tables of promises: threat, promise, how, tests."""
    tables = [rest.split("\n\n")[0] for rest in text.split(HEADER)[1:]]
    rows = [line for table in tables for line in table.strip().splitlines()[1:]]
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]


PROMISES = list_promises(TEXT)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda row: row[0])
def test_promise_names_tests_that_exist(promise: tuple[str, ...]) -> None:
    assert len(promise) == 4
    assert all(promise)
    assert find_missing(promise[3]) == []


def test_every_threat_has_a_promise() -> None:
    assert len(PROMISES) >= 40
    assert len({row[0] for row in PROMISES}) == len(PROMISES)


@pytest.mark.parametrize(
    ("cell", "missing"),
    [
        ("tests/house/test_security.py::test_every_threat_has_a_promise", []),
        ("tests/house/test_security.py::test_no", ["tests/house/test_security.py::test_no"]),
        ("tests/house/test_security.py", ["tests/house/test_security.py::"]),
        ("tests/house/test_no.py::test_no", ["tests/house/test_no.py::test_no"]),
        ("somebody reads it", ["no test is named"]),
    ],
)
def test_missing_test_is_noticed(cell: str, missing: list[str]) -> None:
    assert find_missing(cell) == missing
