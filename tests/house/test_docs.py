"""What people are told to type: the launcher, and nothing of what it makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.cli import app

ROOT = Path(__file__).parents[2]
TOLD = sorted(
    path
    for pattern in (
        *("*.md", "docs/**/*.md", "rules.toml", ".env.example", "serverless.yml", "deploy/*"),
        *("local/**/*.py", "local/**/*.html", "local/**/*.js", "shared/**/*.py"),
    )
    for path in ROOT.glob(pattern)
    if path.is_file() and path.name not in ("CHANGELOG.md", "__main__.py")
)


@pytest.mark.parametrize("path", TOLD, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_are_those_of_the_launcher(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"python3? -m local\b|\.venv\b", text)
    names = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]
    told = set(re.findall(r"\./roomscribe ([a-z]\w*)", text))
    assert told <= names
