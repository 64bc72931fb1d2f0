"""rules.toml: every mistake is a RulesError that names the file; what is accepted decides as one expects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from shared.errors import RulesError
from shared.rules.decision import NO_RULE, Prepared, Rule, Rules, prepare_rules
from shared.rules.file import parse_rules
from shared.site import Site

ROOT = Path(__file__).parents[3]
SITES: tuple[Site, ...] = ("unknown", "international", "china")
RULE = b'[[rules]]\nname = "a"\nroom = %s\n'
MORE = (
    b'service = "none"\n',
    b'scope = "user"\n[[rules.speakers]]\nuser = "teacher_*"\nservice = "none"\n',
    b'start_on = "user_entered"\nmax_idle_s = 60\nignore_users = ["bot_*"]\nsdk_app_id = 1\n',
    b'cloud = {region = "ap-singapore", language = "bigmodel-en"}\nfallback = "ai"\n',
    b"ai.region = 'ap-tokyo'\nai.language = 'zh'\nroom_id_type = 1\n",
)
ROOMS = (b'"*"', b'"class-*"', b"['1-99', '2000-']", b'"[!a]?"', b'"10,000 to 20,000"')
TRIED = (("1", 0), ("4294967294", 0), ("1", 1), ("class-7", 1), ("[x]", 1))


def list_seeds() -> Iterator[bytes]:
    """The rules as they are shipped, and small ones with every key."""
    for path in (ROOT / "rules.toml", ROOT / "benchmarks" / "chaos" / "rules.toml"):
        yield b"\0" + path.read_bytes()
    for number, more in enumerate(MORE):
        yield bytes([number]) + RULE % ROOMS[number] + more
        yield bytes([number]) + b"[defaults]\n" + more + RULE % ROOMS[number]


def run(data: bytes) -> None:
    """Fail on anything but rules or a RulesError; the first byte says for which site."""
    site = SITES[(data or b"\0")[0] % len(SITES)]
    text = data[1:].decode("utf-8", "replace")
    try:
        rules = parse_rules(text, "rules.toml", site)
    except RulesError as error:
        assert error.problems
        assert all(problem.startswith("rules.toml: ") for problem in error.problems)
        return
    prepared = msgspec.json.decode(prepare_rules(text, site), type=Prepared)
    assert prepared.rules.rules == rules.rules
    rooms = [(glob, 1) for rule in rules.rules[:3] for glob in rule.room[:3]]
    for room_id, room_id_type in (*TRIED, *rooms):
        _decide(rules, room_id, room_id_type)


def _decide(rules: Rules, room_id: str, room_id_type: int) -> None:
    """The index finds what looking at one rule after the other finds."""
    decided = rules.decide(1, room_id, room_id_type)
    assert decided == _look_through(rules, room_id, room_id_type)
    assert isinstance(decided.for_user("teacher_1"), Rule)


def _look_through(rules: Rules, room_id: str, room_id_type: int) -> Rule:
    fitting = (rule for rule in rules.rules if not rule.find_miss(1, room_id, room_id_type))
    return next(fitting, NO_RULE)
