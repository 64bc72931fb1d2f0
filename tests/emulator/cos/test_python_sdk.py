"""Tencent's official Python SDK does with the endpoint what it does with COS."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import httpx
import pytest
from qcloud_cos import CosS3Client

from local.cos.config import CosConfig, Credentials
from tests.emulator.cos.sdk import connect, read_error
from tests.support.hosted_cos import CONFIG, RunningCos, running_cos

BODY = "Что? 你好, wörld\n".encode() * 50
HOSTILE = [
    "a b+c%/ü/…",
    "plain.txt",
    "%2F%00+&=?#;:@,'\"<>()*!~",
    "日本/語/🙂.vtt",
    "a//b/./c../d",
    "trailing/",
    "k" * 850,
]


def put(client: CosS3Client, cos: RunningCos, *keys: str) -> None:
    for key in keys:
        client.put_object(Bucket=cos.bucket, Key=key, Body=key.encode())


def list_keys(answer: dict[str, Any]) -> list[str]:
    return [each["Key"] for each in answer.get("Contents", [])]


@pytest.mark.parametrize("key", HOSTILE)
def test_object_is_put_read_and_deleted(cos: RunningCos, client: CosS3Client, key: str) -> None:
    put_answer = client.put_object(
        Bucket=cos.bucket,
        Key=key,
        Body=BODY,
        EnableMD5=True,
        ContentType="text/vtt; charset=utf-8",
        Metadata={"x-cos-meta-session": "s-1"},
    )
    md5 = f'"{hashlib.md5(BODY, usedforsecurity=False).hexdigest()}"'
    assert put_answer["ETag"] == md5
    got = client.get_object(Bucket=cos.bucket, Key=key)
    assert got["Body"].get_raw_stream().read() == BODY
    assert (got["ETag"], got["Content-Type"]) == (md5, "text/vtt; charset=utf-8")
    head = client.head_object(Bucket=cos.bucket, Key=key)
    assert head["Content-Length"] == str(len(BODY))
    assert head["x-cos-meta-session"] == "s-1"
    assert head["x-cos-hash-crc64ecma"] == put_answer["x-cos-hash-crc64ecma"]
    assert client.object_exists(Bucket=cos.bucket, Key=key)
    listed = client.list_objects(Bucket=cos.bucket)
    assert list_keys(listed) == [key]
    client.delete_object(Bucket=cos.bucket, Key=key)
    client.delete_object(Bucket=cos.bucket, Key=key)
    assert not client.object_exists(Bucket=cos.bucket, Key=key)
    get = lambda: client.get_object(Bucket=cos.bucket, Key=key)  # noqa: E731
    assert read_error(get) == (404, "NoSuchKey")
    assert [kind for kind in cos.list_kinds() if kind != "cos.refused"] == [
        *("cos.put", "cos.get", "cos.deleted")
    ]


def test_checksum_is_the_one_that_the_sdk_verifies(
    cos: RunningCos, client: CosS3Client, tmp_path: Any
) -> None:
    put(client, cos, "a")
    client.download_file(cos.bucket, "a", str(tmp_path / "a"), EnableCRC=True)
    assert (tmp_path / "a").read_bytes() == b"a"


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=3-1", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_part_of_an_object_is_read(
    cos: RunningCos,
    client: CosS3Client,
    asked: str,
    status: int,
    body: bytes,
    content_range: str | None,
) -> None:
    client.put_object(Bucket=cos.bucket, Key="k", Body=b"0123456789")
    url = client.get_presigned_url(Bucket=cos.bucket, Key="k", Method="GET")
    answer = httpx.get(url, headers={"range": asked}, trust_env=False)
    assert (answer.status_code, answer.content) == (status, body)
    assert answer.headers.get("content-range") == content_range
    got = client.get_object(Bucket=cos.bucket, Key="k", Range=asked)
    assert got["Body"].get_raw_stream().read() == body


def test_part_beyond_the_end_is_refused(cos: RunningCos, client: CosS3Client) -> None:
    client.put_object(Bucket=cos.bucket, Key="k", Body=b"0123456789")
    get = lambda: client.get_object(Bucket=cos.bucket, Key="k", Range="bytes=10-")  # noqa: E731
    assert read_error(get) == (416, "InvalidRange")


def test_conditions_are_kept(cos: RunningCos, client: CosS3Client) -> None:
    etag = client.put_object(Bucket=cos.bucket, Key="k", Body=b"x")["ETag"]

    def get(**conditions: str) -> Any:
        return client.get_object(Bucket=cos.bucket, Key="k", **conditions)

    assert get(IfMatch=etag)["ETag"] == etag
    assert read_error(lambda: get(IfMatch='"other"')) == (412, "PreconditionFailed")
    url = client.get_presigned_url(Bucket=cos.bucket, Key="k", Method="GET")
    known = httpx.get(url, headers={"if-none-match": etag}, trust_env=False)
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    modified = known.headers["last-modified"]
    again = httpx.get(url, headers={"if-modified-since": modified}, trust_env=False)
    assert again.status_code == 304
    since = {"if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT"}
    assert httpx.get(url, headers=since, trust_env=False).status_code == 200
    earlier = {"if-unmodified-since": "Thu, 01 Jan 1970 00:00:00 GMT"}
    assert httpx.get(url, headers=earlier, trust_env=False).status_code == 412


def test_object_is_not_overwritten_where_that_is_forbidden(
    cos: RunningCos, client: CosS3Client
) -> None:
    put(client, cos, "k")
    again = lambda: client.put_object(  # noqa: E731
        Bucket=cos.bucket, Key="k", Body=b"y", Metadata={"x-cos-forbid-overwrite": "true"}
    )
    assert read_error(again) == (409, "FileAlreadyExists")
    assert cos.run(lambda: cos.objects.list()[0].size) == 1


def test_list_is_read_page_by_page(cos: RunningCos, client: CosS3Client) -> None:
    keys = [f"day/{number:03}/t & <x>.vtt" for number in range(23)]
    put(client, cos, *keys, "other")
    seen: list[str] = []
    marker, pages = "", 0
    while True:
        page = client.list_objects(Bucket=cos.bucket, Prefix="day/", Marker=marker, MaxKeys=5)
        seen += list_keys(page)
        pages += 1
        if page["IsTruncated"] == "false":
            break
        marker = page["NextMarker"]
    assert (seen, pages) == (keys, 5)


def test_delimiter_makes_folders(cos: RunningCos, client: CosS3Client) -> None:
    put(client, cos, "a/1", "a/2", "b/1", "c", "b", "ü/1")

    def list_page(marker: str, size: int = 2) -> Any:
        return client.list_objects(Bucket=cos.bucket, Delimiter="/", Marker=marker, MaxKeys=size)

    first, last = list_page(""), list_page("", 1000)
    assert [each["Prefix"] for each in first["CommonPrefixes"]] == ["a/"]
    assert (list_keys(first), first["IsTruncated"]) == (["b"], "true")
    second = list_page(first["NextMarker"])
    assert [each["Prefix"] for each in second["CommonPrefixes"]] == ["b/"]
    assert list_keys(second) == ["c"]
    assert [each["Prefix"] for each in last["CommonPrefixes"]] == ["a/", "b/", "ü/"]
    assert (list_keys(last), last["IsTruncated"]) == (["b", "c"], "false")


def test_bucket_is_there_and_another_is_not(cos: RunningCos, client: CosS3Client) -> None:
    client.head_bucket(Bucket=cos.bucket)
    assert client.bucket_exists(Bucket=cos.bucket)
    elsewhere = connect(cos, Domain=None, Proxies={"http": f"http://{cos.domain}"})
    other = lambda: elsewhere.list_objects(Bucket="other-1250000000")  # noqa: E731
    assert read_error(other) == (404, "NoSuchBucket")


def test_bucket_answers_under_its_own_name(cos: RunningCos) -> None:
    client = connect(cos, Domain=None, Proxies={"http": f"http://{cos.domain}"})
    client.put_object(Bucket=cos.bucket, Key="a b/ü", Body=b"x")
    assert list_keys(client.list_objects(Bucket=cos.bucket)) == ["a b/ü"]


@pytest.mark.parametrize("sign_host", [True, False])
def test_presigned_url_needs_no_key(cos: RunningCos, client: CosS3Client, sign_host: bool) -> None:
    put_url = client.get_presigned_url(
        Bucket=cos.bucket, Key="a b+c%/ü/…", Method="PUT", SignHost=sign_host
    )
    assert httpx.put(put_url, content=b"x", trust_env=False).status_code == 200
    replaced = {"response-content-type": "text/plain", "response-expires": "a\r\nb"}
    get_url = client.get_presigned_url(
        Bucket=cos.bucket, Key="a b+c%/ü/…", Method="GET", Params=replaced, SignHost=sign_host
    )
    answer = httpx.get(get_url, trust_env=False)
    assert (answer.content, answer.headers["content-type"]) == (b"x", "text/plain")
    assert httpx.delete(get_url, trust_env=False).status_code == 403


def test_temporary_credentials_need_their_token() -> None:
    config = CosConfig(CONFIG.region, CONFIG.bucket, (Credentials("tmp", "key", "token"),))
    with running_cos(config) as cos:
        client = connect(cos, Token="token")
        put(client, cos, "k")
        url = client.get_presigned_url(Bucket=cos.bucket, Key="k", Method="GET")
        assert httpx.get(url, trust_env=False).status_code == 403
        with_token = f"{url}&x-cos-security-token=token"
        assert httpx.get(with_token, trust_env=False).status_code == 200
        for token in (None, "other"):
            get = lambda t=token: connect(cos, Token=t).get_object(cos.bucket, "k")  # noqa: E731
            assert read_error(get) == (403, "AccessDenied")


def test_wrong_keys_are_told_apart(cos: RunningCos) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"SecretKey": "wrong"}, "SignatureDoesNotMatch"),
        ({"SecretId": "wrong"}, "InvalidAccessKeyId"),
        ({"Anonymous": True}, "AccessDenied"),
    ]
    for options, code in wrong:
        client = connect(cos, **options)
        write = lambda c=client: c.put_object(cos.bucket, b"x", "k")  # noqa: E731
        assert read_error(write) == (403, code)
    assert cos.run(cos.objects.list) == []


@pytest.mark.parametrize(
    ("off_s", "code"), [(-20_000, "AccessDenied"), (3_600, "RequestTimeTooSkewed")]
)
def test_clock_that_is_far_off_is_refused(
    cos: RunningCos, monkeypatch: pytest.MonkeyPatch, off_s: int, code: str
) -> None:
    now_s = time.time()
    monkeypatch.setattr("qcloud_cos.cos_auth.time.time", lambda: now_s + off_s)
    client = connect(cos)
    assert read_error(lambda: client.get_object(cos.bucket, "k")) == (403, code)


def test_key_that_is_too_long_is_refused(cos: RunningCos, client: CosS3Client) -> None:
    write = lambda: client.put_object(cos.bucket, b"x", "ü" * 426)  # noqa: E731
    assert read_error(write) == (400, "KeyTooLong")


def test_operation_that_is_not_here_is_refused(cos: RunningCos, client: CosS3Client) -> None:
    assert read_error(lambda: client.get_object_acl(cos.bucket, "k")) == (405, "MethodNotAllowed")
