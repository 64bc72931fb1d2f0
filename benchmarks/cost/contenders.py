"""Who is measured with which events: the peers, and we, each on a ledger of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from local.host.scf_runtime import Limits, describe_context
from shared.signer import sign_callback

SDK_APP_ID = 1400000002
SECRET_KEY, CALLBACK_KEY = "the-sdk-secret-key-of-benchmarks", "CallbackKeyOfBenchmarks"
SETTINGS = {
    "TRTC_SDK_APP_ID": str(SDK_APP_ID),
    "TRTC_SDK_SECRET_KEY": SECRET_KEY,
    "TRTC_CALLBACK_KEY": CALLBACK_KEY,
    "TENCENTCLOUD_SECRETID": "the-secret-id",
    "TENCENTCLOUD_SECRETKEY": "the-secret-key",
}
CONTEXT = describe_context("trtc_callback", Limits(6, 64), "4ca7089c-3bb0-48cf-bcdb-26d130fed2ae")
FIRST_ROOM = 1_000_000  # no rule of the shipped rules.toml names it, so the catch-all does

Json = dict[str, object]


class Contender(NamedTuple):
    """One line of the table; `starts` tells whether each of its events has to start a task."""

    name: str
    module: str
    write_event: Callable[[int], Json]
    starts: bool
    compiled: bool = True
    engine: str = ""  # of the ledger; "" for the peers

    @property
    def is_ours(self) -> bool:
        """Whether it is Roomscribe."""
        return self.module == "trtc_callback"


def write_created(number: int) -> Json:
    """A room is created: 101."""
    return write_event(101, {"RoomId": FIRST_ROOM + number, "UserId": "ann"})


def write_ignored(number: int) -> Json:
    """Somebody's picture arrives (201): nothing Roomscribe acts on."""
    return write_event(201, {"RoomId": FIRST_ROOM + number, "UserId": "ann"}, group=2)


def write_sentence(number: int) -> Json:
    """Another sentence of the first room's task: 1403."""
    said = {
        "UserId": "ann",
        "Text": f"and that is sentence number {number}",
        "StartTimeMs": number * 1000,
        "EndTimeMs": number * 1000 + 900,
        "RoundId": f"round-{number}",
    }
    room_id = str(FIRST_ROOM)
    info = {"TaskId": f"task-{room_id}", "RoomId": room_id, "RoomIdType": 0, "Payload": said}
    return write_event(1403, info, group=14)


EMPTY = Contender("an empty function", "peer_empty", write_created, starts=False)
DOCUMENTS_BARE = Contender(
    "(a) as documented, no .pyc", "peer_documents", write_created, starts=True, compiled=False
)
DOCUMENTS = Contender("(a) as documented", "peer_documents", write_created, starts=True)
KEPT_BARE = Contender(
    "(b) client kept, no .pyc", "peer_kept", write_created, starts=True, compiled=False
)
KEPT = Contender("(b) client kept, structlog", "peer_kept", write_created, starts=True)
POWERTOOLS_BARE = Contender(
    "(d) Powertools, no .pyc", "peer_powertools", write_created, starts=True, compiled=False
)
POWERTOOLS = Contender("(d) Powertools, SQLite", "peer_powertools", write_created, starts=True)


def _ours(name: str, write_event: Callable[[int], Json], engine: str, *, starts: bool) -> Contender:
    return Contender(f"we: {name}, {engine}", "trtc_callback", write_event, starts, engine=engine)


CREATED = _ours("room created", write_created, "SQLite", starts=True)
SENTENCE = _ours("sentence stored", write_sentence, "SQLite", starts=False)
IGNORED = _ours("ignored event", write_ignored, "SQLite", starts=False)
CREATED_REDIS = _ours("room created", write_created, "Redis", starts=True)
SENTENCE_REDIS = _ours("sentence stored", write_sentence, "Redis", starts=False)
IGNORED_REDIS = _ours("ignored event", write_ignored, "Redis", starts=False)

PEERS = (EMPTY, DOCUMENTS_BARE, DOCUMENTS, KEPT_BARE, KEPT, POWERTOOLS_BARE, POWERTOOLS)
# A sentence belongs to the room that the line before it created, in the same ledger.
WE = (CREATED, SENTENCE, IGNORED, CREATED_REDIS, SENTENCE_REDIS, IGNORED_REDIS)


def write_event(event_type: int, info: Mapping[str, object], group: int = 1) -> Json:
    """A callback as the function URL hands it over, signed, of this moment."""
    now_ms = time.time_ns() // 1_000_000
    body = json.dumps(
        {
            "EventGroupId": group,
            "EventType": event_type,
            "CallbackTs": now_ms,
            "EventInfo": {"EventTs": now_ms // 1000, "EventMsTs": now_ms, **info},
        }
    )
    sign = sign_callback(CALLBACK_KEY, body.encode())
    return {
        "body": body,
        "headers": {
            "content-type": "application/json",
            "sign": sign,
            "sdkappid": str(SDK_APP_ID),
            "x-scf-remote-addr": "111.206.96.145",
        },
        "httpMethod": "POST",
        "path": "/",
        "queryString": {},
    }
