"""Both transcription services behind one interface: their actions, requests and answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from shared.applications import Application
from shared.errors import ApiError
from shared.room import WHOLE_ROOM, Room
from shared.services.parameters import API_NAMES, KEYS, UNSENT, USER_KEYS, Parameters, Value
from shared.services.requests import ApiStruct, CreateCloudTranscription, StartAITranscription
from shared.signer import api_session_id, bot_user_id

# One thread at a time: msgspec 0.22 crashes the process when two learn a type at the same moment.
_learning = threading.Lock()

Answer = Mapping[str, Any]
Request = dict[str, Any]
Progress = Literal["starting", "running", "ended"]
ServiceName = Literal["cloud", "ai"]
Verb = Literal["start", "describe", "stop"]

# Source: status values of DescribeAITranscription and DescribeCloudTranscription, SDK 3.1.177.
PROGRESS: dict[str, Progress] = {
    "Idle": "starting",
    "Preparing": "starting",
    "InProgress": "running",
    "Stopped": "ended",
    "Exited": "ended",
}


class StartOrder(Struct, frozen=True):
    """What one start is about: the task of `target` in a session of a room.

    `opened_ms` is when the session opened, in ms since 1970, `generation` how many TaskIds the task had
    before. `sign` makes the UserSig of a user id. `without` are users whom it must not hear.
    """

    application: Application
    room: Room
    target: str
    opened_ms: int
    generation: int
    max_idle_s: int
    parameters: Parameters
    sign: Callable[[str], str]
    without: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"StartOrder({self.room}, {self.target!r})"


class Service(Struct, frozen=True):
    """One transcription service; `finds_by_session` when a lost TaskId can be asked for.

    `bot_table` is the table of a request that says who the bot is.
    """

    name: ServiceName
    actions: Mapping[Verb, str]
    finds_by_session: bool
    model: type[ApiStruct]
    bot_table: str

    def build_start(self, order: StartOrder) -> Request:
        """The start action's parameters, checked; a bad room or user raises msgspec.ValidationError."""
        room = order.room
        request: Request = {
            "SdkAppId": room.sdk_app_id,
            "RoomId": room.room_id,
            "RoomIdType": room.room_id_type,
            **place_parameters(self.name, order.parameters),
        }
        bot = bot_user_id(room, order.application.secret_key, order.target)
        params: Request = request.setdefault(self.bot_table, {})
        params |= {"UserId": bot, "UserSig": order.sign(bot), "MaxIdleTime": order.max_idle_s}
        if self.finds_by_session:
            _fill_ai(order, request, params)
        elif order.target != WHOLE_ROOM:
            params["SubscribeList"] = [{"UserId": order.target}]
        if order.without:
            self._leave_out(order.without, request, params)
        return self.check_request(request)

    def _leave_out(self, without: Sequence[str], request: Request, params: Request) -> None:
        """Let a task of a whole room not hear some users; raises ValidationError for 1.0, which cannot.

        Source: SDK docstring of UnSubscribeList: it wins over SubscribeList, which when empty means all.
        """
        if self.finds_by_session:
            raise msgspec.ValidationError("1.0 cannot leave out those who have opted out")
        users = [{"UserId": user_id} for user_id in without]
        others = [one for one in params.get("UnSubscribeList", []) if one not in users]
        params["UnSubscribeList"] = others + users
        allowed = [one for one in params.get("SubscribeList", []) if one not in users]
        if allowed:
            params["SubscribeList"] = allowed
        voices = [one for one in request.get("TTSParam", []) if one["TargetUser"] not in users]
        if "TTSParam" in request:
            request["TTSParam"] = voices

    def check_request(self, request: Request) -> Request:
        """The same request, when the API would accept its names, types and ranges."""
        with _learning:
            checked: Request = msgspec.to_builtins(msgspec.convert(request, self.model))
        return checked

    def name_task(self, sdk_app_id: int, task_id: str) -> Request:
        """The parameters with which Describe and Stop name a task."""
        named: Request = {} if self.finds_by_session else {"SdkAppId": sdk_app_id}
        return {**named, "TaskId": task_id}


def place_parameters(service: str, parameters: Parameters) -> dict[str, Value]:
    """The part of the request that `parameters` make up, in the API's shape."""
    request: dict[str, Value] = {}
    for key, value in parameters.items():
        if key in UNSENT:
            continue
        *parents, leaf = KEYS[service][key]
        table = request
        for parent in parents:
            table = table.setdefault(parent, {})
        table[leaf] = convert_value(key, value)
    return request


def convert_value(key: str, value: Value) -> Value:
    """A key's value in the API's shape; raises TypeError where it must be a list and is none."""
    if key not in ("hot_words", "subscribe", "unsubscribe"):
        return _rename(value) if isinstance(value, list | dict) else value
    if not isinstance(value, list):
        raise TypeError("must be a list")
    return ",".join(value) if key == "hot_words" else [{"UserId": user} for user in value]


def _rename(value: Value, key: str = "") -> Value:
    """The value of a key with the API's spelling in it; a user's name stands for {UserId: name}."""
    if isinstance(value, list):
        return [_rename(item) for item in value]
    if isinstance(value, dict):
        return {api_name(name): _rename(item, name) for name, item in value.items()}
    return {"UserId": value} if key in USER_KEYS and isinstance(value, str) else value


def api_name(key: str) -> str:
    """A snake-case key in the API's spelling: voice_id → VoiceId."""
    return API_NAMES.get(key) or "".join(word.capitalize() for word in key.split("_"))


def read_task_id(answer: Answer) -> str:
    """The TaskId of a start's answer; without one the start may have happened all the same."""
    task_id = answer.get("TaskId")
    if not isinstance(task_id, str) or not task_id:
        request_id = str(answer.get("RequestId", ""))
        raise ApiError("ServerNetworkError", "no TaskId", request_id, may_have_happened=True)
    return task_id


def read_progress(answer: Answer) -> Progress | None:
    """The state of a task that Describe tells; None for an undocumented status."""
    return PROGRESS.get(str(answer.get("Status")))


def _fill_ai(order: StartOrder, request: Request, params: Request) -> None:
    request["SessionId"] = api_session_id(params["UserId"], order.opened_ms, order.generation)
    targets = [order.target] if order.target != WHOLE_ROOM else params.get("TargetUserIdList", [])
    params["TranscriptionMode"] = 1 if targets else 0
    if targets:
        params["TargetUserId"] = targets[0]
    if "IMAdminUserId" in params:
        params["IMAdminUserSig"] = order.sign(params["IMAdminUserId"])


CLOUD = Service(
    name="cloud",
    actions={
        "start": "CreateCloudTranscription",
        "describe": "DescribeCloudTranscription",
        "stop": "DeleteCloudTranscription",
    },
    finds_by_session=False,
    model=CreateCloudTranscription,
    bot_table="TranscriptionParam",
)
AI = Service(
    name="ai",
    actions={
        "start": "StartAITranscription",
        "describe": "DescribeAITranscription",
        "stop": "StopAITranscription",
    },
    finds_by_session=True,
    model=StartAITranscription,
    bot_table="TranscriptionParams",
)
SERVICES: dict[str, Service] = {service.name: service for service in (CLOUD, AI)}
