"""The two services: every parameter of both API documents and of the SDK's models, typed and in range."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec
import pytest
from tencentcloud.trtc.v20190722 import models as sdk

from shared.applications import Application
from shared.errors import ApiError
from shared.room import Room
from shared.services import requests as api
from shared.services.checks import check_parameters
from shared.services.parameters import AI_KEYS, CLOUD_KEYS
from shared.services.service import (
    AI,
    CLOUD,
    SERVICES,
    Service,
    StartOrder,
    place_parameters,
    read_progress,
    read_task_id,
)
from shared.signer import bot_user_id

START_AI_EXAMPLE: dict[str, Any] = {
    "SdkAppId": 1234,
    "RoomId": "1234",
    "RoomIdType": 1,
    "TranscriptionParams": {
        "UserId": "abc",
        "UserSig": "abc",
        "MaxIdleTime": 60,
        "TranscriptionMode": 1,
        "TargetUserId": "abc",
    },
}
CREATE_CLOUD_EXAMPLE: dict[str, Any] = {
    "SdkAppId": 14000000,
    "RoomId": "295000",
    "RoomIdType": 0,
    "TranscriptionParam": {
        "UserId": "trtc_test_1",
        "UserSig": "eJjdaVgrxCdYrzkx*************BLATRT",
        "SubscribeList": [{"UserId": "user_1"}],
        "MaxIdleTime": 30,
        "SendCustomMode": 2,
    },
    "AsrParam": {"Lang": "16k_zh_en", "VadSilenceTime": 2000},
    "TranslationParam": {"TargetLang": ["en"]},
}
REQUESTS = [(AI, "StartAITranscription", "ai"), (CLOUD, "CreateCloudTranscription", "cloud")]
# What Roomscribe itself fills in, so that no key of rules.toml leads there.
FILLED_IN = {
    "AI": {"SdkAppId", "RoomId", "RoomIdType", "SessionId"}
    | {f"TranscriptionParams.{n}" for n in ("UserId", "UserSig", "MaxIdleTime", "IMAdminUserSig")}
    | {f"TranscriptionParams.{n}" for n in ("TranscriptionMode", "TargetUserId")},
    "CLOUD": {"SdkAppId", "RoomId", "RoomIdType"}
    | {f"TranscriptionParam.{n}" for n in ("UserId", "UserSig", "MaxIdleTime")},
}


APPLICATION = Application(1400000000, "secret", "callback")
ROOM = Room(1400000000, "class-7", 1)
BOT = bot_user_id(ROOM, APPLICATION.secret_key)


def make_order(service: str, target: str = "*", **parameters: Any) -> StartOrder:
    base = {"region": "ap-singapore", **({"language": "bigmodel-en"} if service == "cloud" else {})}
    return StartOrder(
        application=APPLICATION,
        room=ROOM,
        target=target,
        opened_ms=5,
        generation=0,
        max_idle_s=60,
        parameters=base | parameters,
        sign=lambda user_id: f"sig of {user_id}",
    )


@pytest.mark.parametrize(
    ("service", "example"), [(AI, START_AI_EXAMPLE), (CLOUD, CREATE_CLOUD_EXAMPLE)]
)
def test_documented_request_example_is_accepted_unchanged(
    service: Service, example: dict[str, Any]
) -> None:
    assert service.check_request(example) == example


def sdk_fields(model: type) -> Iterator[tuple[str, str]]:
    """(name, type as the SDK documents it) of every field of one of its models."""
    source = inspect.getsource(model.__init__)  # type: ignore[misc]  # a plain class of the SDK
    yield from re.findall(r":type (\w+): ([^\n]*)", source)


def sdk_type(annotation: Any) -> str:
    """Our type in the SDK's words."""
    alternatives = [part for part in get_args(annotation) if part is not type(None)]
    if type(None) in get_args(annotation):
        return sdk_type(alternatives[0])
    if hasattr(annotation, "__metadata__"):
        return sdk_type(get_args(annotation)[0])
    if str(get_origin(annotation)) == "typing.Literal":
        return type(get_args(annotation)[0]).__name__
    if get_origin(annotation) is list:
        return f"list of {sdk_type(get_args(annotation)[0])}"
    return str(annotation.__name__)


def walk(ours: type[api.ApiStruct], theirs: type, path: str = "") -> Iterator[tuple[str, str, str]]:
    """(path, our type, the SDK's type) of every field either side has; "" where a side has none."""
    known = dict(sdk_fields(theirs))
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(ours)}
    for name in known.keys() | fields.keys():
        raw = known.get(name, "")
        found = re.match(r":class:`.*\.(\w+)`", raw)
        yield (
            path + name,
            sdk_type(fields[name]) if name in fields else "",
            found[1] if found else raw,
        )
        inner = sdk_type(fields[name]).removeprefix("list of ") if name in fields else ""
        if issubclass(getattr(api, inner, int), api.ApiStruct):
            sdk_name = (found[1] if found else raw).removeprefix("list of ")
            yield from walk(getattr(api, inner), getattr(sdk, sdk_name), f"{path}{name}.")


def rename(name: str) -> str:
    return (
        name.replace("TTSVoice", "TtsVoice")
        .replace("TTSConfig", "TtsConfig")
        .replace("TTSParam", "TtsParam")
    )


@pytest.mark.parametrize(("service", "model", "_name"), REQUESTS)
def test_every_parameter_is_the_sdks_and_has_its_type(
    service: Service, model: str, _name: str
) -> None:
    rows = list(walk(service.model, getattr(sdk, f"{model}Request")))
    assert len(rows) > 25
    assert [row for row in rows if row[1] != rename(row[2])] == []


@pytest.mark.parametrize(("service", "_model", "name"), REQUESTS)
def test_every_parameter_has_a_key_or_is_filled_in(
    service: Service, _model: str, name: str
) -> None:
    keys = CLOUD_KEYS if name == "cloud" else AI_KEYS
    reached = {".".join(path) for path in keys.values()}
    leaves = set()
    for field in msgspec.structs.fields(service.model):
        inner = sdk_type(field.type)
        if not issubclass(getattr(api, inner, int), api.ApiStruct):
            leaves.add(field.encode_name)
            continue
        leaves |= {
            f"{field.encode_name}.{f.encode_name}"
            for f in msgspec.structs.fields(getattr(api, inner))
        }
    assert reached | FILLED_IN["CLOUD" if name == "cloud" else "AI"] == leaves


ALL_CLOUD: dict[str, Any] = {
    "region": "ap-hongkong",
    "language": "16k_zh_en",
    "alternative_languages": [],
    "hot_words": ["腾讯云|5", "ASR|100"],
    "vad_silence_ms": 240,
    "vad_level": 3,
    "filter_dirty": 2,
    "filter_modal": 2,
    "filter_punc": 1,
    "translate_to": ["en"],
    "terminologies": [{"target_lang": "en", "terminology": [{"source": "房间", "target": "room"}]}],
    "tts": [
        {
            "model": "flow_02_turbo",
            "language": "en",
            "target_user": "teacher",
            "tts_robot_user": "voice-1",
            "voice": {"voice_id": "v-male-X6h4TvP9", "speed": 0.5, "volume": 0.0, "pitch": -12},
        }
    ],
    "subscribe": ["teacher"],
    "unsubscribe": ["radio"],
    "send_custom_mode": 2,
    "allow_unlisted": False,
}
ALL_AI: dict[str, Any] = {
    "region": "na-siliconvalley",
    "language": "16k_zh_en",
    "alternative_languages": ["ja"],
    "model": "m",
    "translation_language": "en",
    "hot_words": ["ASR|11"],
    "vad_silence_ms": 2000,
    "vad_level": 2,
    "translate_to": ["en", "ja"],
    "translation_mode": 2,
    "tts": {"voice_id": "v", "model": "flow_01_ex", "speed": 2.0, "volume": 10.0},
    "terminology": [{"source": "a", "target": "b"}],
    "target_user_ids": ["u1", "u2"],
    "voice_print": {"mode": 1, "id_list": ["vp"]},
    "turn_detection": {"semantic_eagerness": "low"},
    "im_admin_user_id": "admin",
    "allow_unlisted": False,
}


@pytest.mark.parametrize(("name", "parameters"), [("cloud", ALL_CLOUD), ("ai", ALL_AI)])
def test_every_key_is_accepted_and_arrives(name: str, parameters: dict[str, Any]) -> None:
    assert set(parameters) == {
        "region",
        "allow_unlisted",
        *(CLOUD_KEYS if name == "cloud" else AI_KEYS),
    }
    assert check_parameters(name, parameters, "unknown") == []
    request = SERVICES[name].build_start(make_order(name, **parameters))
    placed = place_parameters(name, parameters)
    for table, values in placed.items():
        assert request[table] == values or {**request[table], **values} == request[table]


def test_cloud_request_names_bot_and_users() -> None:
    request = CLOUD.build_start(make_order("cloud", subscribe=["a", "b"]))
    assert request == {
        "SdkAppId": 1400000000,
        "RoomId": "class-7",
        "RoomIdType": 1,
        "TranscriptionParam": {
            "UserId": BOT,
            "UserSig": f"sig of {BOT}",
            "SubscribeList": [{"UserId": "a"}, {"UserId": "b"}],
            "MaxIdleTime": 60,
        },
        "AsrParam": {"Lang": "bigmodel-en"},
    }


def test_ai_request_carries_session_id_and_admin_signature() -> None:
    request = AI.build_start(make_order("ai", im_admin_user_id="admin"))
    assert request["SessionId"] == f"{BOT}-5"
    assert request["TranscriptionParams"]["TranscriptionMode"] == 0
    assert request["TranscriptionParams"]["IMAdminUserSig"] == "sig of admin"


def test_one_speakers_task_hears_that_speaker_alone() -> None:
    cloud = CLOUD.build_start(make_order("cloud", target="ann", subscribe=["x"]))[
        "TranscriptionParam"
    ]
    ai = AI.build_start(make_order("ai", target="ann"))["TranscriptionParams"]
    assert cloud["SubscribeList"] == [{"UserId": "ann"}]
    assert (ai["TranscriptionMode"], ai["TargetUserId"]) == (1, "ann")


def test_order_does_not_show_its_signatures() -> None:
    assert "sign" not in repr(make_order("cloud"))


@pytest.mark.parametrize(
    ("service", "key", "value"),
    [
        *(("cloud", "vad_level", value) for value in (-1, 4, "1", 1.5, True)),
        *(("cloud", "vad_silence_ms", value) for value in (239, 2001)),
        *(
            ("cloud", key, 3)
            for key in ("filter_dirty", "filter_modal", "filter_punc", "send_custom_mode")
        ),
        ("cloud", "language", ""),
        ("cloud", "region", "ap-tokyo"),
        ("cloud", "alternative_languages", ["a", "b", "c", "d", "e"]),
        ("cloud", "hot_words", "word|5"),
        ("cloud", "hot_words", ["word"]),
        ("cloud", "hot_words", ["word|12"]),
        ("cloud", "hot_words", ["w" * 31 + "|5"]),
        ("cloud", "hot_words", ["word|5"] * 129),
        ("cloud", "subscribe", "ann"),
        ("cloud", "unsubscribe", [5]),
        ("cloud", "tts", {"model": "m"}),
        ("cloud", "tts", [{"voice": {"speed": 3.0}}]),
        ("ai", "region", "ap-honkong"),
        ("ai", "hot_words", ["word|5"] * 301),
        ("ai", "translation_mode", 3),
        ("ai", "voice_print", {"mode": 1, "id_list": ["a", "b"]}),
        ("ai", "turn_detection", {"semantic_eagerness": "rushed"}),
        ("ai", "tts", {"volume": 0}),
    ],
)
def test_value_out_of_range_is_named_by_its_key(service: str, key: str, value: object) -> None:
    parameters = {
        **make_order(service).parameters,
        "translate_to": ["en"],
        key: value,
    }
    problems = check_parameters(service, parameters, "unknown")
    assert [named.partition(".")[0].partition("[")[0] for named, _ in problems] == [key]


def test_unknown_key_suggests_the_likely_one() -> None:
    problems = check_parameters("ai", {"region": "ap-tokyo", "hotwords": ["a|1"]}, "unknown")
    assert problems == [("hotwords", "unknown key; did you mean 'hot_words'?")]


def test_missing_language_and_region_are_named() -> None:
    assert [key for key, _ in check_parameters("cloud", {}, "china")] == ["language", "region"]
    assert [key for key, _ in check_parameters("ai", {}, "international")] == ["region"]
    assert check_parameters("cloud", {}, "unknown", needed=False) == []


@pytest.mark.parametrize("answer", [{}, {"TaskId": None}, {"TaskId": ""}, {"TaskId": 5}])
def test_start_without_task_id_may_have_happened(answer: dict[str, object]) -> None:
    with pytest.raises(ApiError) as caught:
        read_task_id(answer)
    assert caught.value.may_have_happened


def test_every_documented_status_has_a_meaning() -> None:
    documented = ["Idle", "Preparing", "InProgress", "Stopped", "Exited"]
    meanings = [read_progress({"Status": status}) for status in documented]
    assert meanings == ["starting", "starting", "running", "ended", "ended"]
    assert read_progress({"Status": "New"}) is None


def leave_out(service: Service, parameters: dict[str, Any], *without: str) -> dict[str, Any]:
    """The request of a room's task that must not hear some users."""
    application, room = Application(1, "key", "key"), Room(1, "1", 0)
    order = StartOrder(application, room, "*", 0, 0, 60, parameters, lambda _: "sig", without)
    return service.build_start(order)


def test_who_has_opted_out_is_in_the_block_list_and_in_no_other() -> None:
    voice = {
        "model": "flow_02_turbo",
        "language": "en",
        "tts_robot_user": "voice",
        "voice": {"voice_id": "v"},
    }
    parameters = {
        "language": "zh",
        "subscribe": ["amy", "bob"],
        "unsubscribe": ["eve"],
        "tts": [{**voice, "target_user": user_id} for user_id in ("amy", "bob")],
    }
    request = leave_out(CLOUD, parameters, "amy", "eve")
    param = request["TranscriptionParam"]
    assert param["UnSubscribeList"] == [{"UserId": "amy"}, {"UserId": "eve"}]
    assert param["SubscribeList"] == [{"UserId": "bob"}]
    assert [one["TargetUser"]["UserId"] for one in request["TTSParam"]] == ["bob"]


def test_allow_list_never_becomes_empty_which_would_mean_everybody() -> None:
    param = leave_out(CLOUD, {"language": "zh", "subscribe": ["amy"]}, "amy")["TranscriptionParam"]
    assert param["SubscribeList"] == param["UnSubscribeList"] == [{"UserId": "amy"}]


def test_room_of_which_somebody_has_opted_out_is_never_started_in_whole_by_the_older_service() -> (
    None
):
    with pytest.raises(msgspec.ValidationError, match="opted out"):
        leave_out(AI, {}, "amy")
