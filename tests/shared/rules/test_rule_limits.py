"""A rules file that would keep a cold start or a room waiting is refused at once, and says why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from shared.errors import RulesError
from shared.rules.file import override_rule, parse_rules
from shared.rules.limits import (
    MAX_CHARACTERS,
    MAX_GLOBS,
    MAX_KEY_PARTS,
    MAX_PATTERNS,
    MAX_RULES,
)


def write(rooms: Iterable[str], more: str = "") -> str:
    """A file of one rule about these rooms."""
    listed = ", ".join(f'"{room}"' for room in rooms)
    return f'[[rules]]\nname = "one"\nservice = "none"\nroom = [{listed}]\n{more}'


def read_problems(text: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        parse_rules(text, "rules.toml")
    return list(caught.value.problems)


@pytest.mark.parametrize(
    "text",
    [
        "a." * 20_000 + "a = 1",
        "[" + "a." * 20_000 + "a]",
        '""' + '.""' * 20_000 + " = 1",
        "x = {" + "'a' .\t" * 20_000 + "a = 1}",
        "a." * MAX_KEY_PARTS + "a = 1",
    ],
)
def test_key_of_very_many_parts_is_refused_before_it_is_parsed(text: str) -> None:
    assert read_problems(text) == [f"rules.toml: a key has more than {MAX_KEY_PARTS} dotted parts"]


def test_dots_in_the_longest_room_id_are_no_such_key() -> None:
    parse_rules(write([".".join("a" * 32), "*"]))


def test_very_long_file_is_refused_before_it_is_parsed() -> None:
    assert read_problems("#" * (MAX_CHARACTERS + 1)) == [
        f"rules.toml: has more than {MAX_CHARACTERS} characters"
    ]
    parse_rules(write(["*"], "#" * 1_000))


@pytest.mark.parametrize("number", ["9" * 5_000, "0x" + "f" * 5_000, "0o" + "7" * 9_000])
def test_number_of_thousands_of_digits_is_a_mistake_like_any_other(number: str) -> None:
    (problem,) = read_problems(write(["*"], f"max_idle_s = {number}"))
    assert problem.startswith("rules.toml: ")
    assert "sys." not in problem


def test_too_many_rules_are_counted() -> None:
    rule = write(["a"])
    assert read_problems(rule * (MAX_RULES + 1)) == [
        f"rules.toml: has {MAX_RULES + 1} rules; at most {MAX_RULES} are possible"
    ]


def test_too_many_globs_are_counted_wherever_they_stand() -> None:
    names = [f"room-{i}" for i in range(MAX_GLOBS - 1)]
    parse_rules(write(names, 'ignore_users = "bot"'))
    (problem,) = read_problems(write(names, 'ignore_users = ["bot", "recorder"]'))
    assert problem == f"rules.toml: has {MAX_GLOBS + 1} globs; at most {MAX_GLOBS} are possible"


def test_too_many_patterns_are_counted_and_beginnings_are_none() -> None:
    patterns = [f"*-{i}-*" for i in range(MAX_PATTERNS)]
    parse_rules(write([*patterns, *(f"room-{i}-*" for i in range(MAX_PATTERNS))]))
    (problem,) = read_problems(write([*patterns, "a?"]))
    assert problem.startswith(f"rules.toml: has {MAX_PATTERNS + 1} globs with *, ? or [")


def test_globs_of_a_console_event_are_counted_too() -> None:
    (rule,) = parse_rules(write(["*"])).rules
    patterns = [f"*-{i}-*" for i in range(MAX_PATTERNS + 1)]
    with pytest.raises(RulesError, match="event: has 1001 globs with"):
        override_rule(rule, {"ignore_users": patterns}, "unknown")


def test_guide_tells_the_limits() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
    for limit in (MAX_CHARACTERS, MAX_RULES, MAX_GLOBS, MAX_PATTERNS, MAX_KEY_PARTS):
        assert f"{limit:,} " in " ".join(guide.split())
