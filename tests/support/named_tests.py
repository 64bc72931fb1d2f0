"""Tests that a page names, as tests/FILE.py::TEST: whether they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEST = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")


def find_missing(text: str) -> list[str]:
    """What is wrong with the tests that a text names: those that do not exist, or that there are none."""
    named = TEST.findall(text)
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
