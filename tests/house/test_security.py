"""Every promise of docs/security.md names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
HEADER = "| threat | promise | how | test |"
TEST = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")
# Tests of what is still being built; once a file is there, it goes from here.


def list_promises(text: str) -> list[tuple[str, ...]]:
    """The cells of every row of the tables of promises: threat, promise, how, tests."""
    tables = [rest.split("\n\n")[0] for rest in text.split(HEADER)[1:]]
    rows = [line for table in tables for line in table.strip().splitlines()[1:]]
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]


def find_missing(cell: str) -> list[str]:
    """What is wrong with the tests that a promise names: those that do not exist, or that there are none."""
    named = TEST.findall(cell)
    if not named:
        return ["no test is named"]
    return [f"{file}::{name}" for file, name in named if not has(file, name)]


def has(file: str, name: str) -> bool:
    """Whether a file has a test of that name."""
    path = ROOT / file
    if not path.exists():
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)


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
