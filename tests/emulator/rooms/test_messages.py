"""A room's custom messages, as a client in the room gets them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

import httpx
import pytest

from local.cloud.clock import ManualClock
from local.cloud.config import Application
from tests.support.emulator import CONFIG, RunningCloud, make_user_sig, running_cloud

OTHER = Application(1400000002, "another-sdk-secret-key", "AnotherCallbackKey")
CAPTIONS = {"SendCustomMode": 1}


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    """A room with amy, at a time that stands still."""
    config = replace(CONFIG, applications=(*CONFIG.applications, OTHER), preparing_ms=0)
    with running_cloud(config, clock=ManualClock()) as running:
        running.create(1234, "amy")
        yield running


@contextmanager
def listening(cloud: RunningCloud, room: str = "1234", **query: str) -> Iterator[Any]:
    """The events that come from now on."""
    url = f"/_local/rooms/{room}/messages"
    with cloud.http.stream("GET", url, params=query) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield read_events(answer)


def read_events(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    """Events with their message read, until the stream ends."""
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "data":
            event = json.loads(value)
            yield {**event, "message": json.loads(event["message"])}


def say(
    cloud: RunningCloud, text: str, room: str = "1234", user_id: str = "amy", **to: str
) -> None:
    answer = cloud.act(room, "say", user_id=user_id, text=text, translations=to)
    assert answer.status_code == 200, answer.text


def test_1_0_sends_growing_captions_from_its_bot_with_cmd_id_1(cloud: RunningCloud) -> None:
    cloud.start_ai(bot="bot-1")
    with listening(cloud) as events:
        say(cloud, "Good morning")
        first, second = islice(events, 2)
    assert {key: first[key] for key in ("userId", "cmdId", "seq")} == {
        "userId": "bot-1",
        "cmdId": 1,
        "seq": 1,
    }
    assert second["seq"] == 2
    assert first["message"]["payload"]["roundid"] == second["message"]["payload"]["roundid"]
    texts = [
        (e["message"]["payload"]["text"], e["message"]["payload"]["end"]) for e in (first, second)
    ]
    assert texts == [("Good", False), ("Good morning", True)]


def test_1_0_sends_only_the_translations_that_were_asked_for(cloud: RunningCloud) -> None:
    cloud.start_ai(TranslationConfig={"TargetLanguages": ["zh"]})
    with listening(cloud) as events:
        say(cloud, "早", zh="早", fr="Bonjour")
        say(cloud, "好")
        payloads = [event["message"]["payload"] for event in islice(events, 3)]
    assert [payload.get("translation_language") for payload in payloads] == [None, "zh", None]


def test_1_0_with_an_im_administrator_sends_nothing_into_the_room(cloud: RunningCloud) -> None:
    admin = {"IMAdminUserId": "admin", "IMAdminUserSig": make_user_sig("admin")}
    cloud.start_ai(bot="by-im", TranscriptionParams=admin)
    cloud.start_ai(bot="in-room")
    with listening(cloud) as events:
        say(cloud, "早")
        say(cloud, "好")
        assert [event["userId"] for event in islice(events, 2)] == ["in-room", "in-room"]


@pytest.mark.parametrize("params", [{}, {"SendCustomMode": 0}, {"SendCustomMode": 2}])
def test_2_0_sends_nothing_unless_it_is_asked_to(
    cloud: RunningCloud, params: dict[str, object]
) -> None:
    cloud.start_cloud(bot="silent", TranscriptionParam=params)
    cloud.start_cloud(bot="loud", TranscriptionParam=CAPTIONS)
    with listening(cloud) as events:
        say(cloud, "早")
        say(cloud, "好")
        assert [event["userId"] for event in islice(events, 2)] == ["loud", "loud"]


def test_2_0_with_send_custom_mode_1_sends_tencents_own_words(cloud: RunningCloud) -> None:
    cloud.start_cloud(TranscriptionParam=CAPTIONS, TranslationParam={"TargetLang": ["fr"]})
    with listening(cloud) as events:
        say(cloud, "早", fr="Bonjour")
        (event,) = islice(events, 1)
    payload = event["message"]["payload"]
    assert event["message"]["sender"] == "amy"
    assert event["message"]["robotid"] == event["userId"] == "bot"
    assert (payload["text"], payload["end"]) == ("早", True)
    assert payload["translate_msg"] == [{"language": "fr", "text": "Bonjour"}]


def test_late_client_gets_only_what_comes_from_then_on(cloud: RunningCloud) -> None:
    cloud.start_ai()
    say(cloud, "早")
    with listening(cloud) as events:
        say(cloud, "好")
        (event,) = islice(events, 1)
    assert (event["message"]["payload"]["text"], event["seq"]) == ("好", 2)


def test_every_room_has_its_own_messages(cloud: RunningCloud) -> None:
    cloud.create(5678, "ben")
    cloud.start_ai("1234", bot="a")
    cloud.start_ai("5678", bot="b")
    with listening(cloud, "1234") as here, listening(cloud, "5678") as there:
        say(cloud, "早", "1234", "amy")
        say(cloud, "好", "5678", "ben")
        say(cloud, "早", "1234", "amy")
        assert [event["userId"] for event in islice(here, 2)] == ["a", "a"]
        assert [event["userId"] for event in islice(there, 1)] == ["b"]


def test_user_gets_messages_only_while_in_the_room(cloud: RunningCloud) -> None:
    cloud.start_ai()
    with listening(cloud, user_id="ben") as events:
        say(cloud, "before")
        cloud.act("1234", "enter", user_id="ben", role=21)
        say(cloud, "早")
        cloud.act("1234", "leave", user_id="ben")
        say(cloud, "between")
        cloud.act("1234", "enter", user_id="ben", role=21)
        say(cloud, "好")
        texts = [event["message"]["payload"]["text"] for event in islice(events, 2)]
    assert texts == ["早", "好"]


def test_room_that_is_not_open_or_not_the_only_one_is_refused(cloud: RunningCloud) -> None:
    assert cloud.http.get("/_local/rooms/none/messages").status_code == 404
    cloud.create("1234", "ben", room_id_type=1)
    answer = cloud.http.get("/_local/rooms/1234/messages")
    assert (answer.status_code, "add ?type=0|1" in answer.json()["error"]) == (409, True)
    cloud.start_ai()
    with listening(cloud, type="0") as events:
        say(cloud, "早", "1234?type=0")
        assert len(list(islice(events, 1))) == 1


def test_applications_are_told_apart(cloud: RunningCloud) -> None:
    cloud.create(1234, "ben", sdk_app_id=OTHER.sdk_app_id)
    cloud.start_ai()
    own, other = str(CONFIG.applications[0].sdk_app_id), str(OTHER.sdk_app_id)
    with listening(cloud, sdk_app_id=other) as there, listening(cloud, sdk_app_id=own) as here:
        say(cloud, "早", f"1234?sdk_app_id={own}")
        assert len(list(islice(here, 1))) == 1
        cloud.run(cloud.cloud.messages.close)
        assert list(there) == []


def test_stream_survives_the_room_and_ends_with_the_cloud(cloud: RunningCloud) -> None:
    with listening(cloud) as events:
        cloud.act("1234", "dismiss")
        cloud.create(1234, "amy")
        cloud.start_ai()
        say(cloud, "早")
        assert len(list(islice(events, 1))) == 1
        cloud.run(cloud.cloud.messages.close)
        assert list(events) == []


def test_message_is_text_as_a_client_gets_it(cloud: RunningCloud) -> None:
    cloud.start_ai()
    url = "/_local/rooms/1234/messages"
    with cloud.http.stream("GET", url) as answer:
        say(cloud, "你")
        data = next(line for line in answer.iter_lines() if line.startswith("data: "))
    event = json.loads(data.removeprefix("data: "))
    assert set(event) == {"userId", "cmdId", "seq", "message"}
    assert '"text":"你"' in event["message"]
