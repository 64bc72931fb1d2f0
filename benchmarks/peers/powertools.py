"""(d) As one does on AWS: Powertools' Logger, parser and idempotency, with a table in SQLite for DynamoDB."""

import os
import sqlite3
import sys
from types import ModuleType
from typing import Any

# Powertools' idempotency imports boto3 for a DynamoDB layer that is not used here. SCF has no boto3;
# empty modules in its place are what a thrifty person would ship, and the best case for this peer.
for name, attribute in (
    ("boto3", None),
    ("boto3.dynamodb", None),
    ("boto3.dynamodb.types", "TypeDeserializer"),
    ("botocore", None),
    ("botocore.config", "Config"),
    ("botocore.exceptions", "ClientError"),
):
    sys.modules[name] = ModuleType(name)
    if attribute:
        setattr(sys.modules[name], attribute, type(attribute, (Exception,), {}))

from aws_lambda_powertools import Logger  # noqa: E402  after boto3's place is taken
from aws_lambda_powertools.utilities.idempotency import (  # noqa: E402
    BasePersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (  # noqa: E402
    IdempotencyItemAlreadyExistsError,
    IdempotencyItemNotFoundError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import (  # noqa: E402
    DataRecord,
)
from aws_lambda_powertools.utilities.parser import BaseModel, parse  # noqa: E402
from tencentcloud.common.common_client import CommonClient  # noqa: E402
from tencentcloud.common.credential import Credential  # noqa: E402
from tencentcloud.common.profile.client_profile import ClientProfile  # noqa: E402
from tencentcloud.common.profile.http_profile import HttpProfile  # noqa: E402
from TLSSigAPIv2 import TLSSigAPIv2  # noqa: E402

SDK_APP_ID = int(os.environ["TRTC_SDK_APP_ID"])


class EventInfo(BaseModel):
    """What is read of it."""

    RoomId: int | str
    EventMsTs: int


class Callback(BaseModel):
    """The outside."""

    EventType: int
    EventInfo: EventInfo


class SqliteLayer(BasePersistenceLayer):
    """Idempotency records in one table."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS records "
            "(key TEXT PRIMARY KEY, status TEXT, expires INTEGER, data TEXT)"
        )

    def _get_record(self, idempotency_key: str) -> DataRecord:
        row = self._connection.execute(
            "SELECT status, expires, data FROM records WHERE key = ?", (idempotency_key,)
        ).fetchone()
        if row is None:
            raise IdempotencyItemNotFoundError
        return DataRecord(idempotency_key, row[0], row[1], response_data=row[2])

    def _put_record(self, data_record: DataRecord) -> None:
        values = (data_record.idempotency_key, data_record.status, data_record.expiry_timestamp)
        try:
            self._connection.execute("INSERT INTO records VALUES (?, ?, ?, NULL)", values)
        except sqlite3.IntegrityError as error:
            raise IdempotencyItemAlreadyExistsError from error

    def _update_record(self, data_record: DataRecord) -> None:
        self._connection.execute(
            "UPDATE records SET status = ?, expires = ?, data = ? WHERE key = ?",
            (
                data_record.status,
                data_record.expiry_timestamp,
                data_record.response_data,
                data_record.idempotency_key,
            ),
        )

    def _delete_record(self, data_record: DataRecord) -> None:
        self._connection.execute(
            "DELETE FROM records WHERE key = ?", (data_record.idempotency_key,)
        )


logger = Logger(service="transcription")
layer = SqliteLayer(os.environ["PEER_LEDGER"])
signer = TLSSigAPIv2(SDK_APP_ID, os.environ["TRTC_SDK_SECRET_KEY"])
client = CommonClient(
    "trtc",
    "2019-07-22",
    Credential(os.environ["TENCENTCLOUD_SECRETID"], os.environ["TENCENTCLOUD_SECRETKEY"]),
    "ap-singapore",
    ClientProfile(httpProfile=HttpProfile(endpoint=os.environ["PEER_ENDPOINT"], keepAlive=True)),
)


def main_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Start a task when a room is created."""
    callback = parse(event["body"], model=Callback)
    if callback.EventType == 101:
        room_id = str(callback.EventInfo.RoomId)
        logger.append_keys(room_id=room_id)
        start(room={"room_id": room_id, "event_ms": callback.EventInfo.EventMsTs})
    return {"isBase64Encoded": False, "statusCode": 200, "headers": {}, "body": '{"code": 0}'}


@idempotent_function(
    data_keyword_argument="room", persistence_store=layer, config=IdempotencyConfig()
)
def start(*, room: dict[str, Any]) -> str:
    """The TaskId; the same event again does not start another."""
    bot = f"transcriber_{room['room_id']}"
    answer = client.call_json(
        "CreateCloudTranscription",
        {
            "SdkAppId": SDK_APP_ID,
            "RoomId": room["room_id"],
            "RoomIdType": 0,
            "TranscriptionParam": {
                "UserId": bot,
                "UserSig": signer.gen_sig(bot),
                "MaxIdleTime": 60,
            },
            "AsrParam": {"Lang": "bigmodel-en"},
        },
    )
    task_id = str(answer["Response"]["TaskId"])
    logger.info("transcription.started", task_id=task_id)
    return task_id
