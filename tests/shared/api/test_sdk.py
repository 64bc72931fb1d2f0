"""The SDK without its transport: what is not imported, and that others still get the SDK's own."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import tencentcloud.common
from msgspec.structs import asdict
from tencentcloud.common.http import request as own

import shared.api.sdk
from tests.support.scripted_server import echo, run_server

ROOT = Path(__file__).parents[3]
OTHERS = """
import json, sys
import shared.api.client
before = [name for name in ("requests", "urllib3", "certifi") if name in sys.modules]
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=sys.argv[1]))
client = CommonClient("trtc", "2019-07-22", Credential("id", "key"), "ap-tokyo", profile)
answer = client.call_json("StopAITranscription", {"TaskId": "1"})
print(json.dumps([before, answer["Response"]["Action"], "requests" in sys.modules]))
"""


def test_client_imports_no_requests_and_others_in_the_process_still_get_them() -> None:
    with run_server(echo) as server:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", OTHERS, server.url.removeprefix("http://")],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    assert json.loads(done.stdout) == [[], "StopAITranscription", True]


def test_all_that_the_sdk_takes_from_its_transport_is_here() -> None:
    (folder,) = tencentcloud.common.__path__
    tree = ast.parse(Path(folder, "abstract_client.py").read_text(encoding="utf-8"))
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == shared.api.sdk.TRANSPORT
        for alias in node.names
    }
    assert names == {"ApiRequest", "RequestInternal", "ResponsePrettyFormatter"}
    assert all(hasattr(shared.api.sdk, name) for name in names)


def test_request_is_laid_out_as_the_sdk_s_own() -> None:
    given = ("host", "POST", "/", {"A": "b"}, "{}")
    assert asdict(shared.api.sdk.RequestInternal(*given)) == vars(own.RequestInternal(*given))
    assert asdict(shared.api.sdk.RequestInternal()) == vars(own.RequestInternal())
