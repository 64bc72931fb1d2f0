"""Scenario files: what is read, what is refused, and what is sent when."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from local.errors import LocalError
from local.scenario import SAMPLE, Say, Scenario, load_scenario, parse_scenario, play

ROOM = 'room_id = "r"'


def parse(*steps: str) -> Scenario:
    return parse_scenario("\n".join(f"[[step]]\n{step}" for step in steps), "talk.toml")


def test_sample_meeting_reads_and_is_short() -> None:
    scenario = load_scenario(SAMPLE)
    assert max(step.at_s for step in scenario.steps) <= 12
    assert {step.room_id for step in scenario.steps} == {"class-7", "20001"}
    said = [step for step in scenario.steps if isinstance(step, Say)]
    assert any(step.translations for step in said)
    assert len({step.user_id for step in said if step.room_id == "class-7"}) == 2


def test_late_sentence_of_the_sample_meeting_comes_after_the_answer_to_it() -> None:
    said = [s for s in load_scenario(SAMPLE).steps if isinstance(s, Say) and s.room_id == "class-7"]
    (late,) = (step for step in said if step.late_s)
    answer = said[said.index(late) + 1]
    assert answer.at_s < late.at_s + late.late_s


def test_steps_are_put_in_order_of_time() -> None:
    scenario = parse(
        f'at_s = 2\ndo = "dismiss"\n{ROOM}', f'at_s = 1\ndo = "create"\n{ROOM}\nuser_id = "a"'
    )
    assert [step.at_s for step in scenario.steps] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("title =", "talk.toml: is not TOML: "),
        ("title = " + "[" * 5_000, "talk.toml: is not TOML: "),
        ('title = "t"', "talk.toml: needs at least one [[step]]"),
        ("step = 1", "talk.toml: needs at least one [[step]]"),
        ("step = [1]", "talk.toml: step 1: Expected `object`, got `int`"),
        ("titel = 1", "talk.toml: unknown key titel; there are title and [[step]]"),
        ("title = 1\n[[step]]", "talk.toml: title: must be a text"),
        ("[[step]]", "talk.toml: step 1: Object missing required field `do`"),
        ('[[step]]\ndo = "shout"', "talk.toml: step 1: do: Invalid value 'shout'"),
        (
            '[[step]]\ndo = "dismiss"\nroom_id = "r"\n[[step]]\ndo = "say"\nroom_id = "r"',
            "talk.toml: step 2: Object missing required field `user_id`",
        ),
        (
            '[[step]]\ndo = "dismiss"\nroom_id = 7',
            "talk.toml: step 1: room_id: Expected `str`, got `int`",
        ),
        (
            '[[step]]\ndo = "dismiss"\nroom_id = "r"\nat_s = -1',
            "talk.toml: step 1: at_s: Expected `float` >= 0.0",
        ),
        (
            '[[step]]\ndo = "dismiss"\nroom_id = "r"\nuser_id = "a"',
            "talk.toml: step 1: Object contains unknown field `user_id`",
        ),
        (
            '[[step]]\ndo = "say"\nroom_id = "r"\nuser_id = "a"\ntext = "x"\ntranslations = "zh"',
            "talk.toml: step 1: translations: Expected `object`, got `str`",
        ),
    ],
)
def test_mistake_is_named_with_file_step_and_key(text: str, error: str) -> None:
    with pytest.raises(LocalError) as caught:
        parse_scenario(text, "talk.toml")
    assert str(caught.value).startswith(error)


def test_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "talk.toml").write_text(f'\ufeff[[step]]\ndo = "dismiss"\n{ROOM}\n')
    assert [step.room_id for step in load_scenario(tmp_path / "talk.toml").steps] == ["r"]


def test_file_that_is_not_there_is_named() -> None:
    with pytest.raises(LocalError, match=r"no-such\.toml: cannot be read: No such file"):
        load_scenario(SAMPLE.with_name("no-such.toml"))


def perform(scenario: Scenario, status: int = 200) -> tuple[list[tuple[str, object]], list[float]]:
    """Play to a local cloud that answers `status`; what was sent, and the pauses between."""
    sent: list[tuple[str, object]] = []
    pauses: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.url.raw_path.decode(), json.loads(request.content or b"null")))
        return httpx.Response(status, json={"error": "no such room", "id": 5})

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def run() -> None:
        transport = httpx.MockTransport(answer)
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud") as client:
            await play(scenario, client, pause=pause)

    asyncio.run(run())
    return sent, pauses


def test_every_step_becomes_its_request() -> None:
    sent, _ = perform(
        parse(
            'do = "create"\nroom_id = "7"\nroom_id_type = 0\nuser_id = "a"',
            'do = "enter"\nroom_id = "7"\nroom_id_type = 0\nuser_id = "b"\nrole = 21',
            'do = "audio"\nroom_id = "a/b?"\nuser_id = "b"\non = false',
            f'do = "say"\n{ROOM}\nuser_id = "b"\ntext = "hi"\ntranslations = {{ zh = "嗨" }}',
            f'do = "leave"\n{ROOM}\nuser_id = "b"',
            f'do = "dismiss"\n{ROOM}',
        )
    )
    assert sent == [
        ("/_local/rooms", {"room_id": "7", "room_id_type": 0, "user_id": "a"}),
        ("/_local/rooms/7/enter?type=0", {"user_id": "b", "role": 21}),
        ("/_local/rooms/a%2Fb%3F/audio", {"user_id": "b", "on": False}),
        ("/_local/rooms/r/say", {"user_id": "b", "text": "hi", "translations": {"zh": "嗨"}}),
        ("/_local/rooms/r/leave", {"user_id": "b"}),
        ("/_local/rooms/r/dismiss", {}),
    ]


def test_late_sentence_is_said_while_a_fault_holds_its_callbacks_back() -> None:
    late = f'do = "say"\n{ROOM}\nuser_id = "b"\ntext = "hi"\nlate_s = 2.5'
    sent, _ = perform(parse(late, f'do = "say"\n{ROOM}\nuser_id = "b"\ntext = "on time"'))
    about = {"room": "r", "events": [903, 1403, 1404], "ms": 2500}
    assert sent == [
        ("/_local/faults", {"where": "callback", "what": "delay", **about}),
        ("/_local/rooms/r/say", {"user_id": "b", "text": "hi", "translations": {}}),
        ("/_local/faults/5", None),
        ("/_local/rooms/r/say", {"user_id": "b", "text": "on time", "translations": {}}),
    ]


def test_time_passes_between_steps() -> None:
    _, pauses = perform(parse(f'do = "dismiss"\n{ROOM}', f'at_s = 30\ndo = "dismiss"\n{ROOM}'))
    assert [round(pause) for pause in pauses] == [30]


def test_refused_step_is_told_in_the_clouds_words() -> None:
    with pytest.raises(LocalError, match="dismiss in room r at 0 s: no such room"):
        perform(parse(f'do = "dismiss"\n{ROOM}'), status=404)
