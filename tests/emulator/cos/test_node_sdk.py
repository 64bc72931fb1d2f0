"""Tencent's official Node SDK does with the endpoint what it does with COS."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastcrc import crc64

from tests.emulator.official_clients import NODE_MODULES, find_missing_node
from tests.support.hosted_cos import running_cos

DRIVER = Path(__file__).with_name("drive_node.js")
BODY = "Что? 你好, wörld\n".encode()
KEYS = ("a b+c%/ü/…", "plain.txt", "/leading", "%2F+&=?#;:@,'\"<>()*!~", "日本/語/🙂.vtt", "a//b")


def find_missing_sdk() -> str | None:
    missing = find_missing_node()
    if missing or (NODE_MODULES / "cos-nodejs-sdk-v5").is_dir():
        return missing
    return "cos-nodejs-sdk-v5 is missing: sh tests/setup.sh brings it"


pytestmark = [
    pytest.mark.skipif(find_missing_sdk() is not None, reason=str(find_missing_sdk())),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def driven() -> Iterator[dict[str, Any]]:
    with running_cos() as cos:
        key = (cos.secret_id, cos.secret_key)
        done = subprocess.run(
            ["node", str(DRIVER), cos.domain, cos.region, cos.bucket, *key, *KEYS],
            env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield json.loads(done.stdout)


@pytest.mark.parametrize("key", KEYS)
def test_object_is_put_read_and_deleted(driven: dict[str, Any], key: str) -> None:
    done = driven["objects"][key]
    assert done == {
        "etag": f'"{hashlib.md5(BODY, usedforsecurity=False).hexdigest()}"',
        "crc64": str(crc64.xz(BODY)),
        "same": True,
        "type": "text/vtt; charset=utf-8",
        "length": str(len(BODY)),
        "session": "s-1",
        "part": [206, BODY[2:6].decode(), f"bytes 2-5/{len(BODY)}"],
        "known": 304,
        "signed": [200, True],
        "gone": [204, 204],
        "after": {"error": {"status": 404, "code": "NoSuchKey"}},
    }


def test_list_is_read_page_by_page_and_in_folders(driven: dict[str, Any]) -> None:
    keys = [f"day/{number}/t & <x>.vtt" for number in range(7)]
    assert driven["list"]["seen"] == [keys[:3], keys[3:6], keys[6:]]
    assert driven["list"]["folders"] == [f"day/{number}/" for number in range(7)]


def test_what_is_wrong_is_refused(driven: dict[str, Any]) -> None:
    assert driven["refused"] == {
        "key": {"error": {"status": 403, "code": "SignatureDoesNotMatch"}},
        "id": {"error": {"status": 403, "code": "InvalidAccessKeyId"}},
        "digest": {"error": {"status": 400, "code": "BadDigest"}},
        "bucket": 200,
    }
