"""The rules cookbook: every file is valid, and `explain` prints for it what stands beside it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.cli import app
from shared.rules.decision import Rule, load_rules
from tests.support.instance import SETTINGS

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "examples" / "README.md"
FOLDER = ROOT / "examples" / "rules"
SITUATIONS = sorted(FOLDER.glob("*.toml"))


def read_examples(path: Path) -> list[tuple[str, str]]:
    """The commands in a file, and what each one printed."""
    _, *parts = re.split(r"^\$ (.*)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return list(zip(parts[::2], parts[1::2], strict=True))


def run(command: str) -> str:
    """What a command of the launcher prints; settings may stand before it, as in a shell."""
    settings, _, arguments = command.partition("./roomscribe ")
    environ = dict(setting.split("=", 1) for setting in shlex.split(settings))
    result = CliRunner().invoke(app, shlex.split(arguments), env=environ, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def mask_start(text: str) -> str:
    """The text without the time of a start, which is the end of a SessionId."""
    return re.sub(r'("SessionId": "\w+)-\d{13}"', r'\1-MS"', text).strip()


def load_rule(number: str) -> Rule:
    """The first rule of a situation."""
    (path,) = FOLDER.glob(f"{number}-*.toml")
    return load_rules(str(path), "international").rules[0]


@pytest.fixture
def newcomer(environment: pytest.MonkeyPatch) -> None:
    """The environment of somebody who has configured nothing, in the project's folder."""
    for name in SETTINGS:
        environment.delenv(name)
    environment.chdir(ROOT)


def test_there_are_twelve_situations_in_order() -> None:
    numbers = [path.name.partition("-")[0] for path in SITUATIONS]
    assert numbers == [f"{number:02}" for number in range(1, 13)]


@pytest.mark.usefixtures("newcomer")
@pytest.mark.parametrize("path", SITUATIONS, ids=lambda path: path.stem)
def test_explain_prints_what_stands_beside_the_rules(path: Path) -> None:
    examples = read_examples(path.with_suffix(".txt"))
    assert examples
    for command, printed in examples:
        assert f"explain --rules {path.relative_to(ROOT)} --room " in command
        assert mask_start(run(command)) == mask_start(printed)


@pytest.mark.parametrize("path", SITUATIONS, ids=lambda path: path.stem)
def test_situation_is_said_in_the_first_lines(path: Path) -> None:
    comment = path.read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
    assert 2 <= len(comment) <= 3
    assert all(line.startswith("# ") for line in comment)


def test_index_names_every_file_and_no_other() -> None:
    linked = re.findall(r"\]\(rules/([^)]+)\)", INDEX.read_text(encoding="utf-8"))
    assert sorted(linked) == sorted(path.name for path in FOLDER.iterdir())


def test_bots_are_ignored_and_people_are_not() -> None:
    rule = load_rule("09")
    users = ("recorder-1", "acme-bot-7", "moderator", "ann")
    assert [user for user in users if not rule.ignores(user)] == ["ann"]


def test_reference_and_notice_are_the_rules_own() -> None:
    rule = load_rule("12")
    assert rule.reference == "course-9"
    assert rule.notice == "Transcribed automatically for Example Academy."
