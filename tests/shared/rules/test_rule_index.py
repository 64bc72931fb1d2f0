"""The rule that a list of any length gives a room is the first whose globs match it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.rules.decision import NO_RULE, Miss, Rule, Rules

names = st.text("ab1-", max_size=4)
globs = st.one_of(
    st.text("ab1-*?[]", min_size=1, max_size=5),
    names.map(lambda name: f"{name}*"),
    st.sampled_from(["*", "1-11", "11-111", "**", "[a]*", "[*"]),
)


@st.composite
def rule_lists(draw: st.DrawFn) -> list[Rule]:
    return [
        Rule(
            name=str(number),
            room=draw(st.lists(globs, min_size=1, max_size=3)),
            sdk_app_id=draw(st.sampled_from([[], [1], [2]])),
            room_id_type=draw(st.sampled_from([None, 0, 1])),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


@given(rules=rule_lists(), text=names, number=st.integers(0, 120), app=st.sampled_from([1, 2]))
def test_first_rule_that_does_not_miss_the_room_is_decided(
    rules: list[Rule], text: str, number: int, app: int
) -> None:
    for room_id, room_id_type in ((text, 1), (str(number), 0)):
        first = next(
            (rule for rule in rules if rule.find_miss(app, room_id, room_id_type) is None), NO_RULE
        )
        assert Rules(rules).decide(app, room_id, room_id_type) is first


def test_a_thousand_names_and_beginnings_are_not_asked_one_by_one() -> None:
    asked = []

    class NotedRule(Rule, frozen=True):
        def find_miss(self, sdk_app_id: int, room_id: str, room_id_type: int) -> Miss | None:
            asked.append(self.name)
            return Rule.find_miss(self, sdk_app_id, room_id, room_id_type)

    rules: list[Rule] = [
        NotedRule(name=f"{n}", room=[f"class-{n}-*", f"hall-{n}"], sdk_app_id=[2])
        for n in range(1_000)
    ]
    last = NotedRule(name="else", room=["*"])
    decide = Rules([*rules, last]).decide
    assert [decide(1, room_id, 1) for room_id in ("class-17-a", "hall-998", "elsewhere")] == [
        last
    ] * 3
    assert asked == ["17", "else", "998", "else", "else"]
