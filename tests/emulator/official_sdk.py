"""Drives the emulator with the typed official SDK, whichever edition this interpreter imports.

Both editions are the package `tencentcloud`, so a process has one of them: the China edition in
the virtual environment, the international one in the folder `intl` beside it. As a program:
`python -m tests.emulator.official_sdk models` or `… drive PORT USER_SIG SIGN_METHOD:HTTP_METHOD …`,
which print JSON.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any

from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.trtc.v20190722 import models
from tencentcloud.trtc.v20190722.trtc_client import TrtcClient

SDK_APP_ID = 1400000001
BOT = "bot"
ROOM_ID = "1234"
REQUESTS = (
    "StartAITranscription",
    "DescribeAITranscription",
    "StopAITranscription",
    "CreateCloudTranscription",
    "DescribeCloudTranscription",
    "DeleteCloudTranscription",
    "DescribeRoomInfo",
    "DescribeUserInfo",
)
_TYPE = re.compile(r":type (\w+): (list of )?(?::class:`[\w.]+\.(\w+)`|(\w+))")
_PLAIN = {"int", "str", "float", "bool"}

Shape = dict[str, Any]


def read_edition() -> str:
    """`china` or `intl`."""
    return "china" if hasattr(models.TranscriptionParams, "IMAdminUserId") else "intl"


def read_models() -> dict[str, Shape]:
    """Action → parameter → its type: a name, an object of parameters, or a list of one of these."""
    return {name: read_model(f"{name}Request") for name in REQUESTS}


def read_model(name: str) -> Shape:
    """The parameters of a model, from the types in its docstring."""
    return {
        parameter: [_read_type(kind or plain)] if is_list else _read_type(kind or plain)
        for parameter, is_list, kind, plain in _TYPE.findall(getattr(models, name).__init__.__doc__)
    }


def _read_type(name: str) -> Shape | str:
    return name if name in _PLAIN else read_model(name)


def connect(
    port: int,
    method: str = "POST",
    sign_method: str = "TC3-HMAC-SHA256",
    *,
    unsigned_payload: bool = False,
) -> Any:
    """A typed client of the emulator."""
    http = HttpProfile(
        protocol="http", endpoint=f"127.0.0.1:{port}", reqMethod=method, reqTimeout=10
    )
    profile = ClientProfile(signMethod=sign_method, httpProfile=http)
    profile.unsignedPayload = unsigned_payload
    return TrtcClient(Credential("IdOfTests", "KeyOfTests"), "ap-singapore", profile)


def connect_by(way: str, port: int) -> Any:
    """The same, by SIGN_METHOD:HTTP_METHOD."""
    sign_method, method = way.split(":")
    return connect(port, method, sign_method)


def drive(client: Any, user_sig: str) -> dict[str, Shape]:
    """Start, describe and stop a task of either service, and ask for rooms; the answers by action."""
    answers: dict[str, Shape] = {}

    def do(action: str, **parameters: object) -> Shape:
        answers[action] = call(client, action, parameters)
        return answers[action]

    bot = {"UserId": BOT, "UserSig": user_sig}
    room = {"SdkAppId": SDK_APP_ID, "RoomId": ROOM_ID, "RoomIdType": 0}
    task_id = do("StartAITranscription", **room, TranscriptionParams=bot, SessionId="s")["TaskId"]
    do("DescribeAITranscription", TaskId="", SdkAppId=SDK_APP_ID, SessionId="s")
    do("StopAITranscription", TaskId=task_id)
    asr = {"Lang": "bigmodel-en"}
    task_id = do("CreateCloudTranscription", **room, TranscriptionParam=bot, AsrParam=asr)["TaskId"]
    do("DescribeCloudTranscription", SdkAppId=SDK_APP_ID, TaskId=task_id)
    do("DeleteCloudTranscription", SdkAppId=SDK_APP_ID, TaskId=task_id)
    now_s = int(time.time())
    when = {"SdkAppId": SDK_APP_ID, "StartTime": now_s - 3600, "EndTime": now_s}
    do("DescribeRoomInfo", **when, PageNumber=0, PageSize=100)
    do("DescribeUserInfo", **when, CommId=f"{SDK_APP_ID}_{ROOM_ID}_{now_s}")
    return answers


def call(client: Any, action: str, parameters: object) -> Shape:
    """One action through its typed method; the SDK raises what the API refuses."""
    request = getattr(models, f"{action}Request")()
    request.from_json_string(json.dumps(parameters))
    method: Callable[[object], Any] = getattr(client, action)
    answer = json.loads(method(request).to_json_string())
    assert isinstance(answer, dict)
    return answer


if __name__ == "__main__":
    if sys.argv[1] == "models":
        result: object = read_models()
    else:
        port, user_sig, *ways = sys.argv[2:]
        result = {way: drive(connect_by(way, int(port)), user_sig) for way in ways}
    sys.stdout.write(json.dumps({"edition": read_edition(), "result": result}))


def flatten(shape: Any, path: str = "") -> dict[str, str]:
    """Path → type, e.g. `TTSParam[].Voice.Pitch` → `int`."""
    if isinstance(shape, str):
        return {path: shape}
    if isinstance(shape, list):
        return flatten(shape[0], f"{path}[]")
    leaves: dict[str, str] = {}
    for name, inner in shape.items():
        leaves |= flatten(inner, f"{path}.{name}")
    return leaves
