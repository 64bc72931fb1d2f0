"""A function on SCF's control plane at home, and a clock that is moved by hand."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.support.tccli_deployment import Tencent

HELLO = """
import os
def main_handler(event, context):
    with open(os.environ["RECORD"], "a") as record:
        record.write("run\\n")
    if isinstance(event, dict) and event.get("fail"):
        raise ValueError
    return {"statusCode": 200, "body": os.environ["WORD"]}
"""
NAME = {"FunctionName": "hello-1"}
URL = {"TriggerName": "url-trigger", "Type": "http", "Qualifier": "$DEFAULT"}
TIMER = {"TriggerName": "every-30-s", "Type": "timer", "Qualifier": "$DEFAULT"}


def pack(code: str = HELLO, module: str = "hello", more: Mapping[str, str] | None = None) -> str:
    """A package with `more` files, as a request holds it; the same bytes each time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in {f"{module}.py": code, **(more or {})}.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return base64.b64encode(file.getvalue()).decode()


def describe_url(auth: str = "NONE", *, outside: bool = True) -> str:
    net = {"EnableExtranet": outside, "EnableIntranet": not outside}
    return json.dumps({"AuthType": auth, "NetConfig": net})


class Scf:
    """The control plane, and its clock."""

    def __init__(self, tencent: Tencent, record: Path) -> None:
        self.tencent = tencent
        self.record = record
        self.call = tencent.call

    def create(self, **changes: object) -> dict[str, Any]:
        variables = {"WORD": "hello", "RECORD": str(self.record)}
        listed = [{"Key": key, "Value": value} for key, value in variables.items()]
        asked = {
            "Code": {"ZipFile": pack()},
            "Handler": "hello.main_handler",
            "Runtime": "Python3.10",
            "Role": "roomscribe",
            "Environment": {"Variables": listed},
        }
        return self.call("CreateFunction", **{**NAME, **asked, **changes})

    def pass_time(self, seconds: int) -> None:
        answer = self.tencent.http.post("/_local/clock", json={"advance_s": seconds})
        answer.raise_for_status()

    def make(self) -> None:
        """The function, ready."""
        assert "Error" not in self.create()
        self.pass_time(1)

    def get_status(self) -> str:
        return str(self.call("GetFunction", **NAME)["Status"])

    def get_details(self, kind: str) -> Any:
        return json.loads(self.tencent.get_trigger(NAME["FunctionName"], kind)["TriggerDesc"])

    def make_url(self) -> str:
        """A function URL, when it is there."""
        assert "Error" not in self.call("CreateTrigger", **NAME, **URL, TriggerDesc=describe_url())
        self.pass_time(1)
        return str(self.get_details("http")["NetConfig"]["ExtranetUrl"])

    def count_runs(self) -> int:
        return len(self.record.read_text().split()) if self.record.exists() else 0


def get_code(answer: dict[str, Any]) -> str:
    return str(answer["Error"]["Code"])


def fetch(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=30)
