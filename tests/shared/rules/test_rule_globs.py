"""Globs of rules.toml: each matches what a reader would expect, or is refused; no rule stands in vain."""

from __future__ import annotations

import string
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cloud.room_ids import CHARACTERS, complain_room_id
from shared.errors import RulesError
from shared.rules.decision import Rule
from shared.rules.file import ROOM_CHARACTERS, check_room, parse_rules

LAST = 4_294_967_294
PRIVATE = '[[rules]]\nname = "private"\nservice = "none"\nroom = {}\n'
EVERYTHING = """
[[rules]]
name = "everything else"
room = "*"
cloud = { region = "ap-guangzhou", language = "bigmodel-en" }
"""


def read_problems(text: str) -> tuple[str, ...]:
    with pytest.raises(RulesError) as caught:
        parse_rules(text)
    return caught.value.problems


@pytest.mark.parametrize(
    ("glob", "meant"),
    [
        ("10000–19999", "10000-19999"),
        ("10000—19999", "10000-19999"),
        ("10000−19999", "10000-19999"),
        ("10000‑19999", "10000-19999"),
        ("10000－19999", "10000-19999"),
        ("10000 - 19999", "10000-19999"),
        (" 10000-19999", "10000-19999"),
        ("10000..19999", "10000-19999"),
        ("10000...19999", "10000-19999"),
        ("10000…19999", "10000-19999"),
        ("10000:19999", "10000-19999"),
        ("10000~19999", "10000-19999"),
        ("10000～19999", "10000-19999"),
        ("10000 to 19999", "10000-19999"),
        ("10000TO19999", "10000-19999"),
        ("10000->19999", "10000-19999"),
        ("10000--19999", "10000-19999"),
        ("10,000-19,999", "10000-19999"),
        ("{10000..19999}", "10000-19999"),
        ("[10000-19999]", "10000-19999"),
        ("１００００-１９９９９", "10000-19999"),
        ("00100-00200", "100-200"),
        ("200-100", "100-200"),
        ("0-100", "1-100"),
        ("10000-", f"10000-{LAST}"),
        ("-19999", "1-19999"),
        ("1-5000000000", f"1-{LAST}"),
        (f"1-{LAST + 1}", f"1-{LAST}"),
        (f"1-{'9' * 5000}", f"1-{LAST}"),
    ],
)
@pytest.mark.parametrize("room_id_type", [None, 0])
def test_range_in_another_spelling_is_refused_and_says_what_was_meant(
    glob: str, meant: str, room_id_type: int | None
) -> None:
    problem = check_room(glob, room_id_type)
    assert problem
    assert problem.startswith(f"{glob!r} is no range of numeric rooms")
    assert f"did you mean {meant!r}?" in problem
    assert check_room(meant, room_id_type) is None


@pytest.mark.parametrize(
    "glob",
    [
        *("5000000000-6000000000", ">=10000", "<20000", "10000+", "10000,10001", "10000, 10001"),
        *("10000 19999", "10-20,30-40", "room[10-20]", " 10000", "10000 "),
    ],
)
def test_what_looks_like_numbers_but_not_clearly_which_is_refused(glob: str) -> None:
    assert "is no range of numeric rooms" in str(check_room(glob, None))


@pytest.mark.parametrize(
    "glob",
    [
        *("10000-19999", "7-7", f"1-{LAST}", "1", "007", str(LAST + 1), "1*", "*", "?", "-"),
        *("[0-9]", "[!0-9]x", "1[0-9]", "[0-35-9]", "2024-10-01", "10.0.0.1", "1.5", "1_2"),
        *("class-7", "a-b", "user_1-user_2", "to5", "5to", "a:b", "a, b", "~", "[]]", "a[!é]", "["),
    ],
)
def test_what_is_no_range_is_a_name_or_a_glob(glob: str) -> None:
    assert check_room(glob, None) is None


@pytest.mark.parametrize("glob", ["10000 - 19999", "10000..19999", "200-100", "10000:19999", "5+"])
def test_room_id_type_1_makes_it_the_name_of_a_string_room(glob: str) -> None:
    text = PRIVATE.format(f'"{glob}"\nroom_id_type = 1') + EVERYTHING
    assert parse_rules(text).decide(1, glob, 1).name == "private"


def test_private_range_in_another_spelling_fails_closed() -> None:
    """It would match nothing, and the private rooms would be transcribed."""
    assert read_problems(PRIVATE.format('["private-*", "10000–19999"]') + EVERYTHING) == (
        "rules.toml: rule 1 ('private'): room: '10000–19999' is no range of numeric rooms, like "
        "'10000-19999' and up to 4294967294; did you mean '10000-19999'? "
        "(with room_id_type = 1 it is the name of a string room)",
    )


@pytest.mark.parametrize(
    ("glob", "room_id_type", "said"),
    [
        ("class-*", 0, "'class-*' can match nothing: no id of that kind has 'c' in it"),
        ("1[ab]", 0, "no id of that kind has '[ab]' in it"),
        ("0*", 0, "they are 1 to 4294967294"),
        ("007", 0, "they are 1 to 4294967294"),
        (str(LAST + 1), 0, "they are 1 to 4294967294"),
        ("?" * 11, 0, "longer than ids of that kind, 10"),
        ("klasse-ü", None, "no id of that kind has 'ü' in it"),
        ("a/b", 1, "no id of that kind has '/' in it"),
        ('say "hi"', None, "no id of that kind has '\"' in it"),
        ("a\n", None, r"no id of that kind has '\n' in it"),
        ("a[é/]", None, "no id of that kind has '[é/]' in it"),
        ("x" * 65, None, "longer than ids of that kind, 64"),
    ],
)
def test_glob_that_can_match_no_room_is_refused(
    glob: str, room_id_type: int | None, said: str
) -> None:
    assert said in str(check_room(glob, room_id_type))


def test_string_rooms_have_the_characters_that_the_emulator_knows() -> None:
    assert set(ROOM_CHARACTERS) == CHARACTERS


ENDS = st.integers(0, LAST + 5) | st.integers(0, 300)
BETWEEN = st.sampled_from(
    [*"-–—−~:…", " - ", "..", "...", " to ", "to", "->", " – ", "--", "-0", " ", ", ", ""]
)


@given(ENDS, BETWEEN, ENDS, st.integers(1, LAST) | st.integers(1, 300))
def test_two_numbers_are_the_range_between_them_or_are_refused(
    low: int, between: str, high: int, number: int
) -> None:
    glob = f"{low}{between}{high}"
    if check_room(glob, None) is not None:
        return
    (private,) = parse_rules(PRIVATE.format(f'"{glob}"')).rules
    matches = private.find_miss(1, str(number), 0) is None
    if between == "-":
        assert 1 <= low <= high <= LAST
        assert matches == (low <= number <= high)
    else:
        assert glob.isdecimal()
        assert matches == (str(number) == glob)


@given(ENDS, ENDS)
def test_every_range_of_numeric_rooms_is_accepted(low: int, high: int) -> None:
    assert (check_room(f"{low}-{high}", None) is None) == (1 <= low <= high <= LAST)


GLOBS = st.text("ab1*?[]!-./é 0", min_size=1, max_size=7)
ROOMS = st.text("ab1!-. 0[]?", min_size=1, max_size=6)


@given(GLOBS, ROOMS, st.sampled_from([0, 1]))
def test_no_glob_is_refused_for_characters_when_it_matches_a_room(
    glob: str, room_id: str, room_id_type: int
) -> None:
    if complain_room_id(room_id, room_id_type) or not fnmatchcase(room_id, glob):
        return
    problem = check_room(glob, room_id_type)
    assert problem is None or "is no range" in problem


def make_rules(*rooms: str) -> str:
    """Rules with those keys, in that order, each named after its number."""
    return "".join(
        f'[[rules]]\nname = "{number}"\nservice = "none"\n{keys}\n'
        for number, keys in enumerate(rooms, 1)
    )


@pytest.mark.parametrize(
    "rooms",
    [
        ['room = "*"', 'room = "class-*"'],
        ['room = "class-7"', 'room = "class-7"'],
        ['room = "class-[ab]*"', 'room = "class-[ab]*"'],
        ['room = "class-*"', 'room = "class-a*"'],
        ['room = "class-*"', 'room = ["class-a", "class-b*", "class-[cd]"]'],
        ['room = "100-200"', 'room = "150-160"'],
        ['room = "*"', 'room = "150-160"'],
        ['room = "class-*"', 'room = "talk-*"', 'room = ["class-1", "talk-1"]'],
        ['room = "*"\nroom_id_type = 0', 'room = "1*"\nroom_id_type = 0'],
        ['room = "*"\nsdk_app_id = [5, 6]', 'room = "a"\nsdk_app_id = 5'],
        ['room = "*"', 'room = "a"\nsdk_app_id = 5\nroom_id_type = 1'],
    ],
)
def test_rule_wholly_behind_others_is_refused(rooms: list[str]) -> None:
    last = len(rooms)
    assert read_problems(make_rules(*rooms)) == (
        f"rules.toml: rule {last} ('{last}'): room: rules before it match all of it; move it up",
    )


@pytest.mark.parametrize(
    "rooms",
    [
        ['room = "class-*"', 'room = "*"'],
        ['room = "class-*"', 'room = ["class-1", "talk-1"]'],
        ['room = "class-?"', 'room = "class-*"'],
        ['room = "100-200"', 'room = "150-260"'],
        ['room = "1*"', 'room = "10-200"'],
        ['room = "100-200"', 'room = "150-160"\nroom_id_type = 1'],
        ['room = "100-200"', 'room = "150"'],
        ['room = "*"\nroom_id_type = 0', 'room = "1*"'],
        ['room = "*"\nsdk_app_id = 5', 'room = "a"'],
        ['room = "*"\nsdk_app_id = 5', 'room = "a"\nsdk_app_id = [5, 6]'],
        ['room = "class-[ab]*"', 'room = "class-[ab]c"'],
    ],
)
def test_rule_that_has_rooms_of_its_own_is_kept(rooms: list[str]) -> None:
    assert len(parse_rules(make_rules(*rooms)).rules) == len(rooms)


RULES = st.lists(
    st.builds(
        Rule,
        name=st.just("r"),
        room=st.lists(
            st.sampled_from(["*", "a*", "ab*", "ab", "a?", "[ab]*", "1*", "12", "10-20", "12-15"]),
            min_size=1,
            max_size=2,
        ),
        sdk_app_id=st.sampled_from([[], [1], [1, 2]]),
        room_id_type=st.sampled_from([None, 0, 1]),
        service=st.just("none"),
    ),
    min_size=1,
    max_size=4,
)


@given(
    RULES,
    st.sampled_from(["ab", "a", "abc", "b", "1", "12", "13", "17", "9"]),
    st.sampled_from([1, 2, 3]),
)
def test_rule_that_decides_about_a_room_is_never_refused_as_hidden(
    rules: list[Rule], room_id: str, sdk_app_id: int
) -> None:
    numbered = [
        f"room = {list(rule.room)}\nsdk_app_id = {rule.sdk_app_id}"
        + (f"\nroom_id_type = {rule.room_id_type}" if rule.room_id_type is not None else "")
        for rule in rules
    ]
    try:
        parse_rules(make_rules(*numbered))
    except RulesError as error:
        hidden = {int(problem.split()[2]) for problem in error.problems if "before it" in problem}
    else:
        return
    kinds = [1] if room_id[0] not in string.digits else [0, 1]
    for kind in kinds:
        misses = [rule.find_miss(sdk_app_id, room_id, kind) for rule in rules]
        first = misses.index(None) + 1 if None in misses else None
        assert first not in hidden


def test_speaker_wholly_behind_others_is_refused() -> None:
    speakers = '[[rules.speakers]]\nuser = "{}"\nservice = "none"\n'
    text = EVERYTHING + 'scope = "user"\n' + speakers.format("*") + speakers.format("guest-*")
    assert read_problems(text) == (
        "rules.toml: rule 1 ('everything else'): speakers 2: user: is all matched by entries before "
        "it; move it up",
    )


@pytest.mark.parametrize("glob", ["gäst-*", "recorder–*", "a\n"])
def test_glob_that_can_match_no_user_is_refused_wherever_it_stands(glob: str) -> None:
    written = glob.replace("\n", "\\n")
    in_defaults = f'[defaults]\nignore_users = ["x", "{written}"]\n' + EVERYTHING
    in_speaker = EVERYTHING + f'scope = "user"\nspeakers = [{{ user = "{written}" }}]\n'
    for text, place in (
        (in_defaults, "[defaults]: ignore_users"),
        (in_speaker, "rule 1 ('everything else'): speakers 1: user"),
    ):
        (problem,) = read_problems(text)
        assert problem.startswith(f"rules.toml: {place}: {glob!r} can match nothing")


@pytest.mark.parametrize("glob", ["ann@example.com", "transcriber_*_robot_*", "a.b", "x y"])
def test_users_may_have_more_characters_than_are_recommended(glob: str) -> None:
    assert parse_rules(f'[defaults]\nignore_users = "{glob}"\n' + EVERYTHING).rules


@pytest.mark.parametrize(
    "value", ["0", "-5", "4294967296", '"1400000000-1400000099"', "[0]", "1.5"]
)
def test_application_is_one_that_there_can_be(value: str) -> None:
    (problem,) = read_problems(EVERYTHING + f"sdk_app_id = {value}\n")
    assert problem.startswith("rules.toml: rule 1 ('everything else'): sdk_app_id: expected `int`")
