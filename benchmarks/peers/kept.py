"""(b) Somebody who cares: CommonClient kept between invocations, structured logs, one file."""

import json
import os
from typing import Any

import structlog
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from TLSSigAPIv2 import TLSSigAPIv2

SDK_APP_ID = int(os.environ["TRTC_SDK_APP_ID"])

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(),
    ],
    cache_logger_on_first_use=True,
)
log = structlog.get_logger()
signer = TLSSigAPIv2(SDK_APP_ID, os.environ["TRTC_SDK_SECRET_KEY"])
client = CommonClient(
    "trtc",
    "2019-07-22",
    Credential(os.environ["TENCENTCLOUD_SECRETID"], os.environ["TENCENTCLOUD_SECRETKEY"]),
    "ap-singapore",
    ClientProfile(httpProfile=HttpProfile(endpoint=os.environ["PEER_ENDPOINT"], keepAlive=True)),
)


def main_handler(event: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """Start a task when a room is created."""
    callback = json.loads(event["body"])
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        request_id=context.get("request_id"), event_type=callback["EventType"]
    )
    if callback["EventType"] == 101:
        room_id = str(callback["EventInfo"]["RoomId"])
        log.info("transcription.started", room_id=room_id, task_id=start(room_id))
    return {"isBase64Encoded": False, "statusCode": 200, "headers": {}, "body": '{"code": 0}'}


def start(room_id: str) -> str:
    """The TaskId."""
    bot = f"transcriber_{room_id}"
    answer = client.call_json(
        "CreateCloudTranscription",
        {
            "SdkAppId": SDK_APP_ID,
            "RoomId": room_id,
            "RoomIdType": 0,
            "TranscriptionParam": {
                "UserId": bot,
                "UserSig": signer.gen_sig(bot),
                "MaxIdleTime": 60,
            },
            "AsrParam": {"Lang": "bigmodel-en"},
        },
    )
    return str(answer["Response"]["TaskId"])
