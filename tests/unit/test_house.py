"""The house keeps its rules, and the README says nothing that is not so."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from local.cli import app
from shared.errors import SettingsError
from shared.rules.file import parse_rules
from shared.settings import CREDENTIAL_NAMES, read_settings

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FUNCTIONS = sorted(path.stem for path in (ROOT / "functions").glob("*.py"))


def find_imports(folder: str) -> set[str]:
    """The top-level packages that the files below a folder import."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
    return found


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("shared", {"functions", "local", "tests", *FUNCTIONS}),
        ("functions", {"functions", "local", "tests", *FUNCTIONS}),
        ("local/cloud", {"shared", "functions", "tests", *FUNCTIONS}),
    ],
)
def test_dependencies_point_one_way(folder: str, forbidden: set[str]) -> None:
    assert not find_imports(folder) & forbidden


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_short_and_has_its_handler(name: str) -> None:
    lines = (ROOT / "functions" / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
    assert callable(importlib.import_module(name).main_handler)


def test_readme_is_short_enough_to_be_read() -> None:
    assert len(README.splitlines()) <= 150


def test_readme_names_every_setting_and_no_other() -> None:
    table = README.partition("## Settings")[2].partition("## ")[0]
    named = {
        name
        for row in re.findall(r"^\| (`[^|]*)\|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert named == find_settings()


def find_settings() -> set[str]:
    """The names that are looked up when all settings are read."""
    asked = set()

    class Environment(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.add(key)
            return default

    with pytest.raises(SettingsError):
        read_settings(Environment())
    return (asked | set(CREDENTIAL_NAMES[1])) - {"TENCENTCLOUD_RUNENV"}


def test_readme_names_every_command_and_no_other() -> None:
    listed = set(re.findall(r"^\./roomscribe (\w+)  ", README, re.MULTILINE))
    names = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    }
    assert listed == names


def test_readme_names_every_function_and_no_other() -> None:
    table = README.partition("| function |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == FUNCTIONS


def test_rule_in_the_readme_is_valid() -> None:
    (rule,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    regions = '[defaults]\ncloud = { region = "ap-singapore" }\nai = { region = "ap-tokyo" }\n'
    assert parse_rules(regions + rule).rules[0].name == "bilingual class"


def test_links_in_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize(
    "file",
    [
        *("requirements.txt", "requirements-local.txt", "requirements-dev.txt"),
        *("benchmarks/peers/requirements.txt", "deploy/requirements.txt"),
    ],
)
def test_every_requirement_is_pinned_and_has_its_reason(file: str) -> None:
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "-r ")):
            assert re.fullmatch(r"[\w.-]+==[\w.]+ +# .+", line), line
