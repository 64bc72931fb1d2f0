"""(a) The API documents' way: the typed client, made anew for each call, as API Explorer writes it."""

import json
import os
from typing import Any

from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.trtc.v20190722 import models, trtc_client
from TLSSigAPIv2 import TLSSigAPIv2

SDK_APP_ID = int(os.environ["TRTC_SDK_APP_ID"])


def main_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Start a task when a room is created."""
    callback = json.loads(event["body"])
    if callback["EventType"] == 101:
        start(str(callback["EventInfo"]["RoomId"]))
    return {"isBase64Encoded": False, "statusCode": 200, "headers": {}, "body": '{"code": 0}'}


def start(room_id: str) -> None:
    """As the example of the API document."""
    try:
        cred = credential.Credential(
            os.environ["TENCENTCLOUD_SECRETID"], os.environ["TENCENTCLOUD_SECRETKEY"]
        )
        http_profile = HttpProfile()
        http_profile.endpoint = os.environ["PEER_ENDPOINT"]
        client_profile = ClientProfile()
        client_profile.httpProfile = http_profile
        client = trtc_client.TrtcClient(cred, "ap-singapore", client_profile)
        bot = f"transcriber_{room_id}"
        user_sig = TLSSigAPIv2(SDK_APP_ID, os.environ["TRTC_SDK_SECRET_KEY"]).gen_sig(bot)
        params = {
            "SdkAppId": SDK_APP_ID,
            "RoomId": room_id,
            "RoomIdType": 0,
            "TranscriptionParam": {"UserId": bot, "UserSig": user_sig, "MaxIdleTime": 60},
            "AsrParam": {"Lang": "bigmodel-en"},
        }
        request = models.CreateCloudTranscriptionRequest()
        request.from_json_string(json.dumps(params))
        response = client.CreateCloudTranscription(request)
        print(response.to_json_string())
    except TencentCloudSDKException as error:
        print(error)
