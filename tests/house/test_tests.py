"""The tests keep their own rules: folders small enough to be read, fixtures from conftest.py alone."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests").rglob("*.py"))
MOST = 18  # test files of one folder


def find_fixtures(tree: ast.Module) -> list[str]:
    """The fixtures that a file defines."""
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any("pytest.fixture" in ast.unparse(one) for one in node.decorator_list)
    ]


def find_modules(tree: ast.Module) -> list[str]:
    """The modules that a file imports something from."""
    return [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module]


def test_no_folder_is_too_large_to_be_read() -> None:
    folders = Counter(path.parent for path in FILES if path.name.startswith("test_"))
    assert {folder: count for folder, count in folders.items() if count > MOST} == {}


def test_fixtures_are_given_by_conftest_files_and_imported_by_nobody() -> None:
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        is_helper = not path.name.startswith(("test_", "conftest"))
        assert not (is_helper and find_fixtures(tree)), path
        sources = [module.rpartition(".")[2] for module in find_modules(tree)]
        assert not [name for name in sources if name.startswith(("test_", "conftest"))], path


@pytest.mark.parametrize(
    ("code", "fixtures", "modules"),
    [
        ("@pytest.fixture\ndef stage(): ...", ["stage"], []),
        ('@pytest.fixture(scope="module")\ndef cloud(): ...', ["cloud"], []),
        ("def work():\n    from tests.house.test_docs import TOLD", [], ["tests.house.test_docs"]),
    ],
)
def test_fixtures_and_imports_are_found(code: str, fixtures: list[str], modules: list[str]) -> None:
    tree = ast.parse(code)
    assert (find_fixtures(tree), find_modules(tree)) == (fixtures, modules)
