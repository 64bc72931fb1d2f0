"""The bucket's own rules that no SDK breaks, its folder, and how a browser sees it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from qcloud_cos import CosS3Client

from local.cos.errors import CosError
from local.cos.objects import MemoryShelf, Objects
from local.cos.requests import CosRequest
from tests.emulator.cos.sdk import connect, read_error
from tests.support.hosted_cos import CONFIG, RunningCos, running_cos

PAGE = b"<script>alert(1)</script>"


def sign(client: CosS3Client, cos: RunningCos, method: str, key: str = "k") -> str:
    url = client.get_presigned_url(cos.bucket, key, method)
    assert isinstance(url, str)
    return url


@pytest.mark.parametrize(
    ("digest", "code"),
    [("AAAAAAAAAAAAAAAAAAAAAA==", "BadDigest"), ("AAAA", "InvalidDigest"), ("ü", "InvalidDigest")],
)
def test_content_md5_is_checked(
    cos: RunningCos, client: CosS3Client, digest: str, code: str
) -> None:
    headers = {b"content-md5": digest.encode()}
    answer = httpx.put(sign(client, cos, "PUT"), content=b"x", headers=headers, trust_env=False)
    assert (answer.status_code, f"<Code>{code}</Code>" in answer.text) == (400, True)
    assert cos.run(cos.objects.list) == []


def test_error_says_what_cos_says(cos: RunningCos, client: CosS3Client) -> None:
    answer = httpx.get(sign(client, cos, "GET", "a&b"), trust_env=False)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/xml")
    request_id, trace_id = (answer.headers[f"x-cos-{name}-id"] for name in ("request", "trace"))
    host = "roomscribe-1250000000.cos.ap-singapore.myqcloud.com"
    assert answer.text == (
        "<?xml version='1.0' encoding='utf-8' ?>\n<Error><Code>NoSuchKey</Code>"
        "<Message>The specified key does not exist.</Message>"
        f"<Resource>{host}/a&amp;b</Resource><RequestId>{request_id}</RequestId>"
        f"<TraceId>{trace_id}</TraceId></Error>"
    )


def test_put_needs_a_length(cos: RunningCos, client: CosS3Client) -> None:
    request = httpx.Request("PUT", sign(client, cos, "PUT"))
    del request.headers["content-length"]
    answer = cos.http.send(request)
    assert (answer.status_code, "<Code>MissingContentLength</Code>" in answer.text) == (411, True)


def test_object_or_bucket_that_is_too_large_is_refused() -> None:
    with running_cos(replace(CONFIG, max_object_bytes=10, max_bytes=15)) as cos:
        client = connect(cos)
        assert read_error(lambda: client.put_object(cos.bucket, b"x" * 11, "k")) == (
            *(400, "EntityTooLarge"),
        )
        client.put_object(cos.bucket, b"x" * 10, "a")
        client.put_object(cos.bucket, b"y" * 10, "a")
        assert read_error(lambda: client.put_object(cos.bucket, b"x" * 10, "b")) == (
            *(500, "InternalError"),
        )
        client.delete_object(cos.bucket, "a")
        client.put_object(cos.bucket, b"x" * 10, "b")


def test_key_that_is_no_utf_8_is_refused() -> None:
    with pytest.raises(CosError, match="InvalidURI"):
        CosRequest("GET", b"/\xff", {}, {}, b"").read_key()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", ""])
def test_other_hosts_are_other_buckets(cos: RunningCos, host: str) -> None:
    answer = cos.http.get("/k", headers={"host": host})
    assert (answer.status_code, "<Code>NoSuchBucket</Code>" in answer.text) == (404, True)


def test_files_outlive_the_process(tmp_path: Path) -> None:
    keys = ["a/../b", "ü" * 400, "x"]
    with running_cos(folder=tmp_path) as cos:
        client = connect(cos)
        for key in keys:
            client.put_object(cos.bucket, b"first", key, ContentType="text/vtt")
            client.put_object(cos.bucket, key.encode(), key, ContentType="text/vtt")
        client.put_object(cos.bucket, b"gone", "gone")
        client.delete_object(cos.bucket, "gone")
        before = cos.run(cos.objects.list)
    (tmp_path / "left-over.bin").write_bytes(b"of a process that was killed")
    with running_cos(folder=tmp_path) as cos:
        client = connect(cos)
        assert cos.run(cos.objects.list) == before
        for key in keys:
            got = client.get_object(cos.bucket, key, KeySimplifyCheck=False)
            assert got["Body"].get_raw_stream().read() == key.encode()
            assert got["Content-Type"] == "text/vtt"
    assert len([*tmp_path.iterdir()]) == 2 * len(keys)


def test_bucket_counts_what_it_holds() -> None:
    objects = Objects(MemoryShelf(), 3)
    objects.put("a", b"123", {}, 0)
    objects.put("a", b"321", {}, 0)
    assert objects.delete("a")
    assert objects.delete("a") is None
    assert objects.put("b", b"123", {}, 0).etag == '"202cb962ac59075b964b07152d234b70"'


def test_local_cloud_tells_how_to_reach_it(cos: RunningCos) -> None:
    assert cos.http.get("/_local/cos").json() == {
        "region": "ap-singapore",
        "bucket": "roomscribe-1250000000",
        "domain": cos.domain,
        "secret_id": "IdOfTests",
        "secret_key": "KeyOfTests",
    }


def test_files_are_listed_newest_first_and_served_harmlessly(cos: RunningCos) -> None:
    key = "2026/a b?#%/ü.html"
    headers = {"content-type": "text/html"}
    cos.run(lambda: cos.objects.put("old", b"1", {}, 1_000))
    cos.run(lambda: cos.objects.put(key, PAGE, headers, 2_000))
    listed = cos.http.get("/_local/cos/objects").json()["objects"]
    assert listed == [
        {"key": key, "size": len(PAGE), "last_modified": 2_000, "content_type": "text/html"},
        {
            "key": "old",
            "size": 1,
            "last_modified": 1_000,
            "content_type": "application/octet-stream",
        },
    ]
    assert cos.http.get("/_local/cos/objects?limit=1").json()["objects"] == listed[:1]
    answer = cos.http.get(f"/_local/cos/objects/{quote(key, safe='')}")
    assert (answer.content, answer.headers["content-type"]) == (PAGE, "text/html")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert cos.http.get("/_local/cos/objects/none").status_code == 404
