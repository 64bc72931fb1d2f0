"""rules.toml: the first match wins, and every mistake is named by file, rule and key."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RulesError
from shared.rules.decision import NO_RULE, Rule, find_matcher, load_rules
from shared.rules.file import override_rule, parse_rules

SHIPPED = Path(__file__).parents[3] / "rules.toml"
DEFAULTS = """
[defaults.cloud]
region = "ap-singapore"
language = "bigmodel-en"
[defaults.ai]
region = "ap-singapore"
"""
CATCH_ALL = '\n[[rules]]\nname = "everything else"\nroom = "*"\n'


def decide(text: str, room_id: str, room_id_type: int = 1, sdk_app_id: int = 1400000000) -> Rule:
    return parse_rules(DEFAULTS + text + CATCH_ALL).decide(sdk_app_id, room_id, room_id_type)


def read_problems(text: str) -> tuple[str, ...]:
    with pytest.raises(RulesError) as caught:
        parse_rules(text, "rules.toml")
    return caught.value.problems


def rule(body: str) -> str:
    return DEFAULTS + f'[[rules]]\nname = "one"\n{body}\n'


def test_shipped_file_is_valid_and_ends_with_a_catch_all() -> None:
    rules = load_rules(str(SHIPPED), "international").rules
    assert rules[-1].room == ["*"]
    assert rules[-1].service != "none"


@pytest.mark.parametrize(
    ("room", "room_id", "room_id_type", "matches"),
    [
        ('"class-*"', "class-7", 1, True),
        ('"class-*"', "Class-7", 1, False),
        ('"class-?"', "class-77", 1, False),
        ('["a", "b"]', "b", 1, True),
        ('"10000-19999"', "10000", 0, True),
        ('"10000-19999"', "19999", 0, True),
        ('"10000-19999"', "20000", 0, False),
        ('"10000-19999"', "15000", 1, False),
        ('"10000-19999"', "10000-19999", 1, True),
        ('"12*"', "123", 0, True),
        ('"a[[]b]"', "a[b]", 1, True),
    ],
)
def test_room_globs_and_ranges(room: str, room_id: str, room_id_type: int, matches: bool) -> None:
    found = decide(f'[[rules]]\nname = "one"\nroom = {room}', room_id, room_id_type)
    assert (found.name == "one") is matches


def test_first_match_wins_and_application_and_type_narrow() -> None:
    text = """
[[rules]]
name = "other application"
room = "*"
sdk_app_id = 5
[[rules]]
name = "numeric"
room = "*"
room_id_type = 0
[[rules]]
name = "strings"
room = "1*"
"""
    assert decide(text, "1", 1, sdk_app_id=5).name == "other application"
    assert decide(text, "1", 0).name == "numeric"
    assert decide(text, "1", 1).name == "strings"
    assert decide(text, "x", 1).name == "everything else"


def test_nothing_matches_means_no_transcription() -> None:
    assert parse_rules(rule('room = "a"')).decide(1, "b", 1) is NO_RULE
    assert NO_RULE.service == "none"


def test_rule_goes_before_defaults_key_by_key_in_service_tables() -> None:
    text = '[[rules]]\nname = "one"\nroom = "a"\nmax_idle_s = 5\ncloud = { translate_to = ["zh"] }'
    found = decide('[defaults]\nmax_idle_s = 90\nignore_users = "rec-*"\n' + text, "a")
    assert (found.max_idle_s, found.ignore_users) == (5, ["rec-*"])
    assert found.cloud == {
        "region": "ap-singapore",
        "language": "bigmodel-en",
        "translate_to": ["zh"],
    }


def test_first_matching_speaker_adapts_the_rule() -> None:
    found = decide(
        """
[[rules]]
name = "class"
room = "class-*"
scope = "user"
[[rules.speakers]]
user = "teacher-*"
cloud = { language = "bigmodel-zh" }
[[rules.speakers]]
user = ["student-*", "guest"]
service = "ai"
""",
        "class-7",
    )
    assert found.for_user("teacher-1").cloud["language"] == "bigmodel-zh"
    assert found.for_user("guest").service == "ai"
    assert found.for_user("stranger").service == "none"


TEN_MISTAKES = (
    """
[default]
[defaults]
start_on = "whenever"
colour = "red"
[[rules]]
name = "one"
room = "200-100"
[[rules]]
room = "b"
[[rules]]
name = "three"
room = "c"
service = "both"
falback = "ai"
[[rules]]
name = "four"
room = "d"
cloud = { region = "ap-tokyo", vad_level = 9 }
[[rules]]
name = "five"
room = "e"
max_idle_s = 4
speakers = [{ service = "ai" }]
"""
    + DEFAULTS
)


def test_ten_mistakes_are_all_named() -> None:
    assert read_problems(TEN_MISTAKES) == (
        "rules.toml: default: unknown key; did you mean 'defaults'?",
        "rules.toml: [defaults]: start_on: invalid enum value 'whenever'",
        "rules.toml: [defaults]: colour: unknown key; did you mean 'cloud'?",
        "rules.toml: rule 1 ('one'): room: '200-100' is no range of numeric rooms, like '10000-19999' and "
        "up to 4294967294; did you mean '100-200'? (with room_id_type = 1 it is the name of a string room)",
        "rules.toml: rule 2: name: is missing",
        "rules.toml: rule 3 ('three'): service: invalid enum value 'both'",
        "rules.toml: rule 3 ('three'): falback: unknown key; did you mean 'fallback'?",
        "rules.toml: rule 4 ('four'): cloud.region: 'ap-tokyo' is in no list of either site: "
        "ap-beijing, ap-guangzhou, ap-hongkong, ap-shanghai, ap-singapore "
        "(allow_unlisted = true lets it pass)",
        "rules.toml: rule 4 ('four'): cloud.vad_level: expected `int` <= 3",
        "rules.toml: rule 5 ('five'): max_idle_s: expected `int` >= 5",
        "rules.toml: rule 5 ('five'): speakers 1: user: is missing",
    )


def test_mistake_in_the_defaults_is_named_once_and_there() -> None:
    wrong = DEFAULTS.replace("bigmodel-en", "bigmodel-eng")
    more = '[[rules]]\nname = "two"\nroom = "b"\ncloud = { vad_level = 9 }\n'
    assert read_problems(wrong + '[[rules]]\nname = "one"\nroom = "a"\n' + more + CATCH_ALL) == (
        "rules.toml: [defaults]: cloud.language: 'bigmodel-eng' is in no list of either site: "
        "did you mean 'bigmodel-en'? (allow_unlisted = true lets it pass)",
        "rules.toml: rule 2 ('two'): cloud.vad_level: expected `int` <= 3",
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[rules]", "not TOML"),
        ("", "has no rule"),
        ("rules = 5", "write [defaults] once and [[rules]]"),
        (rule('room = "a"\nspeakers = [{ user = "x" }]'), 'speakers: needs scope = "user"'),
        (rule('room = "a"\nfallback = "cloud"'), "fallback: is the rule's own service"),
        (
            rule('room = "a"\nservice = "none"\ncloud = { langage = "x" }'),
            "did you mean 'language'?",
        ),
        (
            rule('room = "a"\nscope = "user"\nspeakers = [{ user = "x", colour = 1 }]'),
            "speakers 1: colour",
        ),
        (
            rule(
                'room = "a"\nscope = "user"\nspeakers = [{ user = "x", cloud = { vad_level = 7 } }]'
            ),
            "speakers 1",
        ),
        (rule("room = 5"), "room: expected"),
        (rule("room = []"), "room: expected"),
        (rule('room = "a"').replace('"one"', '""'), "name: expected"),
        (rule('room = "a"\nscope = "user"\ncloud = { subscribe = ["x"] }'), 'scope = "room" only'),
        (rule('room = "a"\nx = ' + "[" * 5_000), "not TOML"),
        (rule('room = ""'), "room: expected"),
        (rule('room = "a"\nsdk_app_id = "x"'), "sdk_app_id: expected"),
        ('[[rules]]\nname = "one"\nroom = "a"\n', "cloud.language: is missing"),
        ("rules = [5]\n" + DEFAULTS, "rule 1: must be a table"),
    ],
)
def test_mistake_is_named(text: str, named: str) -> None:
    assert any(named in problem for problem in read_problems(text))


def test_missing_file_names_path_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"none\.toml: cannot be read; set RULES_FILE"):
        load_rules(str(tmp_path / "none.toml"), "unknown")


def test_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(rule('room = "a"'))
    assert load_rules(str(path), "unknown") is load_rules(str(path), "unknown")
    path.write_text(rule('room = "abc"'))
    os.utime(path, ns=(1, 1))
    assert load_rules(str(path), "unknown").rules[0].room == ["abc"]


def test_override_goes_before_the_rule_and_is_checked() -> None:
    found = decide('[[rules]]\nname = "one"\nroom = "a"\nfallback = "ai"', "a")
    changed = override_rule(found, {"service": "ai", "ai": {"language": "ja"}}, "unknown")
    assert (changed.service, changed.fallback, changed.ai["language"]) == ("ai", "none", "ja")
    with pytest.raises(RulesError, match="max_idle_s"):
        override_rule(found, {"max_idle_s": "long"}, "unknown")


@given(st.text(max_size=200))
def test_any_text_is_rules_or_one_error(text: str) -> None:
    try:
        parse_rules(DEFAULTS + text)
    except RulesError as error:
        assert error.problems  # noqa: PT017  either is right; another exception is a bug


TOML_VALUES = st.sampled_from(
    ['"a"', "5", "true", "1.5", '["a"]', "[1]", "{ x = 1 }", '[{ user = "x" }]', '""']
)
KEYS = st.sampled_from([*Rule.__struct_fields__, "colour"])


@given(st.dictionaries(KEYS, TOML_VALUES))
def test_any_value_under_any_key_is_a_rule_or_one_error(table: dict[str, str]) -> None:
    text = DEFAULTS + "[[rules]]\n" + "".join(f"{key} = {value}\n" for key, value in table.items())
    try:
        parse_rules(text)
    except RulesError as error:
        assert all(problem.startswith("rules.toml: ") for problem in error.problems)  # noqa: PT017  as above


@given(st.text("ab*?[]!-.", min_size=1, max_size=6), st.text("ab*[]-.", max_size=6))
def test_globs_match_as_the_standard_library_says(glob: str, text: str) -> None:
    assert find_matcher(glob)(text) == fnmatchcase(text, glob)
