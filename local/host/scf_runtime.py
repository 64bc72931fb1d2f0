"""What SCF gives a function and says of it: environment, context, failures, log lines."""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

MAX_EVENT_BYTES = 6 * 1024 * 1024  # Source: SCF documentation, limits (product 583, document 11637)
MAX_LOG_LINE_BYTES = 8 * 1024  # Source: SCF documentation, field SCF_Message: longer lines are cut
INIT_TIMEOUT_S = 65.0  # Source: SCF's default for a function from a zip
REGION, APP_ID, UIN = "ap-singapore", "1250000000", "100000000001"

REASONS = {  # Source: SCF documentation, function status codes
    406: "the event is larger than 6 MB",
    407: "the response is larger than 6 MB",
    430: "user code exception caught",
    433: "Invoking task timed out",
    437: "handler not found",
    439: "the process exited before it answered",
    450: "initialisation timed out",
}


class Limits(NamedTuple):
    """What one run of a function may take."""

    timeout_s: int
    memory_mb: int


# As serverless.yml gives them: TRTC waits 5 s for its callback's answer, people wait longer.
LIMITS = {
    "trtc_callback": Limits(timeout_s=6, memory_mb=64),
    "drain_starts": Limits(timeout_s=60, memory_mb=64),
    "deliveries": Limits(timeout_s=60, memory_mb=64),
    "check_deployment": Limits(timeout_s=20, memory_mb=64),
    "reconcile_rooms": Limits(timeout_s=60, memory_mb=64),
    "read_transcript": Limits(timeout_s=10, memory_mb=128),
    "deliver": Limits(timeout_s=60, memory_mb=128),
}
DEFAULT_LIMITS = Limits(timeout_s=10, memory_mb=64)
# Functions that a timer runs, and how often, in ms; likewise.
TIMERS = {"drain_starts": 30_000, "deliver": 30_000}


class FunctionFailure(Exception):  # noqa: N818  SCF calls it a failure, and it is the function's, not ours
    """A run ended without a result; `status` is SCF's function status code."""

    def __init__(self, status: int, stack_trace: str = "", reason: str = "") -> None:
        super().__init__(reason or REASONS[status])
        self.status = status
        self.stack_trace = stack_trace

    def describe(self, request_id: str) -> dict[str, object]:
        """SCF's error result. Source: SCF documentation, Python, development method."""
        return {
            "errorCode": -1,
            "errorMessage": str(self),
            "requestId": request_id,
            "stackTrace": self.stack_trace,
            "statusCode": self.status,
        }


def new_request_id() -> str:
    """An id in SCF's form."""
    return str(uuid.uuid4())


def describe_context(name: str, limits: Limits, request_id: str) -> dict[str, object]:
    """The context of one run. Source: SCF documentation, context (product 583, document 9210)."""
    return {
        "memory_limit_in_mb": limits.memory_mb,
        "time_limit_in_ms": limits.timeout_s * 1000,
        "request_id": request_id,
        "environment": '{"SCF_NAMESPACE":"default"}',
        "environ": "SCF_NAMESPACE=default;SCF_NAMESPACE=default",
        "function_version": "$LATEST",
        "function_name": name,
        "namespace": "default",
        "tencentcloud_region": REGION,
        "tencentcloud_appid": APP_ID,
        "tencentcloud_uin": UIN,
    }


def describe_timer_event(name: str, now_ms: int) -> dict[str, str]:
    """What a timer gives the function it runs. Source: SCF documentation, timer trigger."""
    now = datetime.fromtimestamp(now_ms // 1000, timezone.utc)
    time = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"Type": "Timer", "TriggerName": name, "Time": time, "Message": ""}


def describe_environment(
    name: str, functions_dir: Path, settings: Mapping[str, str], extra: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of an instance: SCF's variables, the settings, nothing inherited.

    `extra` wins over everything.

    Source: SCF documentation, environment variables (product 583, document 30228); the last five
    are used by public code and documented nowhere. TENCENTCLOUD_RUNENV stays unset: it says "this
    is SCF", and there shared/settings.py refuses the development keys.
    """
    root = functions_dir.parent
    needed = ("PATH", "LD_LIBRARY_PATH")  # without them this machine's Python may not start
    return {
        **{key: os.environ[key] for key in needed if key in os.environ},
        "_SCF_SERVER_PORT": "28902",
        "USER_CODE_ROOT": f"{root}/",
        "PYTHONDONTWRITEBYTECODE": "x",
        "PYTHONPATH": f"{functions_dir}:{root}",
        "PWD": str(root),
        "HOME": tempfile.gettempdir(),
        "USER": "qcloud",
        "LOGNAME": "qcloud",
        "LANG": "en_US.UTF8",
        "LC_ALL": "en_US.UTF8",
        **settings,
        "SCF_NAMESPACE": "default",
        "SCF_FUNCTIONNAME": name,
        "SCF_FUNCTIONVERSION": "$LATEST",
        "TENCENTCLOUD_REGION": REGION,
        "TENCENTCLOUD_APPID": APP_ID,
        **extra,
    }


def read_log_line(line: bytes) -> dict[str, object]:
    """A record as SCF's log service keeps it: the keys of a JSON object, otherwise the text."""
    text = line.rstrip(b"\r\n")[:MAX_LOG_LINE_BYTES].decode("utf-8", "replace")
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return {"message": text}
    return record if isinstance(record, dict) else {"message": text}
