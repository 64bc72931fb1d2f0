"""The signature check: the document's own examples, what was tampered with, and anything at all."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cos.config import CosConfig, Credentials
from local.cos.errors import CosError
from local.cos.requests import CosRequest
from local.cos.signature import PARTS, check_signature
from tests.support.hosted_cos import RunningCos

# Source: "Request Signature", COS document 436/7778, its two examples.
KEY = Credentials("AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q", "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz")
CONFIG = CosConfig("ap-beijing", "examplebucket-1250000000", (KEY,))
PATH = "/exampleobject(腾讯云)".encode()
UPLOAD = CosRequest(
    "PUT",
    PATH,
    {},
    {
        "date": b"Thu, 16 May 2019 06:45:51 GMT",
        "host": b"examplebucket-1250000000.cos.ap-beijing.myqcloud.com",
        "content-type": b"text/plain",
        "content-length": b"13",
        "content-md5": b"mQ/fVh815F3k6TAUm8m0eg==",
        "x-cos-acl": b"private",
        "x-cos-grant-read": b'uin="100000000011"',
        "authorization": b"q-sign-algorithm=sha1&q-ak=AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q"
        b"&q-sign-time=1557989151;1557996351&q-key-time=1557989151;1557996351"
        b"&q-header-list=content-length;content-md5;content-type;date;host;x-cos-acl;x-cos-grant-read"
        b"&q-url-param-list=&q-signature=3b8851a11a569213c17ba8fa7dcf2abec6935172",
    },
    b"ObjectContent",
)
DOWNLOAD = CosRequest(
    "GET",
    PATH,
    {"response-content-type": "application/octet-stream", "response-cache-control": "max-age=600"},
    {
        "date": b"Thu, 16 May 2019 06:55:53 GMT",
        "host": b"examplebucket-1250000000.cos.ap-beijing.myqcloud.com",
        "authorization": b"q-sign-algorithm=sha1&q-ak=AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q"
        b"&q-sign-time=1557989753;1557996953&q-key-time=1557989753;1557996953"
        b"&q-header-list=date;host&q-url-param-list=response-cache-control;response-content-type"
        b"&q-signature=01681b8c9d798a678e43b685a9f1bba0f6c0e012",
    },
    b"",
)
NOW_S = 1_557_989_800
EXAMPLES = pytest.mark.parametrize("request_", [UPLOAD, DOWNLOAD], ids=["upload", "download"])


def find_error(request: CosRequest, now_s: int = NOW_S, config: CosConfig = CONFIG) -> str | None:
    """The code that the check answers; None where the request is signed."""
    try:
        check_signature(request, config, now_s)
    except CosError as error:
        return error.code
    return None


def with_header(request: CosRequest, name: str, value: bytes) -> CosRequest:
    return replace(request, headers={**request.headers, name: value})


def with_authorization(request: CosRequest, old: str, new: str) -> CosRequest:
    authorization = request.headers["authorization"]
    assert old.encode() in authorization
    return with_header(request, "authorization", authorization.replace(old.encode(), new.encode()))


@EXAMPLES
def test_examples_of_the_document_are_signed(request_: CosRequest) -> None:
    assert find_error(request_) is None


@EXAMPLES
def test_example_is_signed_in_its_parameters_too(request_: CosRequest) -> None:
    headers = dict(request_.headers)
    parts = headers.pop("authorization").decode().split("&")
    signature = {name: unquote(value) for name, _, value in (part.partition("=") for part in parts)}
    in_query = replace(request_, headers=headers, parameters={**request_.parameters, **signature})
    assert find_error(in_query) is None
    assert find_error(replace(in_query, method="DELETE")) == "SignatureDoesNotMatch"


@EXAMPLES
@pytest.mark.parametrize(
    "tampered",
    [
        {"method": "DELETE"},
        {"path": PATH + b"x"},
        {"path": b"/" + PATH},
    ],
    ids=str,
)
def test_what_is_signed_cannot_be_changed(
    request_: CosRequest, tampered: Mapping[str, object]
) -> None:
    assert find_error(replace(request_, **tampered)) == "SignatureDoesNotMatch"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["host", "content-md5", "content-type", "x-cos-acl"])
def test_signed_header_cannot_be_changed_or_left_out(name: str) -> None:
    assert find_error(with_header(UPLOAD, name, b"other")) == "SignatureDoesNotMatch"
    left = {given: value for given, value in UPLOAD.headers.items() if given != name}
    assert find_error(replace(UPLOAD, headers=left)) == "SignatureDoesNotMatch"


def test_signed_parameter_cannot_be_changed_or_left_out() -> None:
    name = "response-content-type"
    changed = {**DOWNLOAD.parameters, name: "text/html"}
    assert find_error(replace(DOWNLOAD, parameters=changed)) == "SignatureDoesNotMatch"
    assert find_error(replace(DOWNLOAD, parameters={})) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("q-sign-algorithm=sha1", "q-sign-algorithm=sha256", "SignatureDoesNotMatch"),
        ("q-ak=AKID", "q-ak=BKID", "InvalidAccessKeyId"),
        ("q-key-time=1557989753", "q-key-time=1557989754", "SignatureDoesNotMatch"),
        ("q-sign-time=1557989753", "q-sign-time=1557989754", "SignatureDoesNotMatch"),
        ("q-sign-time=1557989753;", "q-sign-time=", "SignatureDoesNotMatch"),
        ("date;host", "host;date", "SignatureDoesNotMatch"),
        ("date;host", "date;Host", "SignatureDoesNotMatch"),
        ("date;host", "host", "SignatureDoesNotMatch"),
        ("&q-url-param-list=", "&q-url-param-lost=", "SignatureDoesNotMatch"),
        ("q-signature=0", "q-signature=1", "SignatureDoesNotMatch"),
        ("q-signature=0", "q-signature=", "SignatureDoesNotMatch"),
    ],
)
def test_signature_itself_cannot_be_changed(old: str, new: str, code: str) -> None:
    assert find_error(with_authorization(DOWNLOAD, old, new)) == code


@pytest.mark.parametrize(
    ("now_s", "code"),
    [
        (1_557_989_753 - 900, None),
        (1_557_989_753 - 901, "RequestTimeTooSkewed"),
        (1_557_996_953, None),
        (1_557_996_954, "AccessDenied"),
    ],
)
def test_signature_counts_in_its_time_only(now_s: int, code: str | None) -> None:
    assert find_error(DOWNLOAD, now_s) == code


def test_unsigned_request_is_denied() -> None:
    assert find_error(replace(DOWNLOAD, headers={"host": b"h"}, parameters={})) == "AccessDenied"


def test_host_can_be_made_to_be_signed() -> None:
    strict = replace(CONFIG, host_must_be_signed=True)
    assert find_error(DOWNLOAD, config=strict) is None
    without = with_authorization(DOWNLOAD, "date;host", "date")
    assert find_error(without, config=strict) == "AccessDenied"


ANYTHING = st.text(st.characters(max_codepoint=255, exclude_categories=()), max_size=60)
PART = st.one_of(
    ANYTHING, st.sampled_from(["sha1", KEY.secret_id, "1;9999999999", "host", ";;", "0" * 40])
)
NAMES = st.sampled_from([*PARTS, "x", "%"])


@given(parts=st.dictionaries(NAMES, PART), junk=ANYTHING, parameters=st.dictionaries(PART, PART))
def test_anything_else_is_refused_and_nothing_breaks(
    parts: dict[str, str], junk: str, parameters: dict[str, str]
) -> None:
    header = "&".join([*(f"{name}={value}" for name, value in parts.items()), junk])
    for request in (
        with_header(DOWNLOAD, "authorization", header.encode("latin-1")),
        replace(DOWNLOAD, headers={"host": b"h"}, parameters={**parameters, **parts}),
    ):
        assert find_error(request) in (
            "AccessDenied",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
        )


WIRE = st.text(string.ascii_letters + string.digits + "%/&=;+-_.~?:@!$'()*,", max_size=60)


@given(
    path=WIRE,
    query=WIRE,
    parts=st.dictionaries(NAMES, PART),
    method=st.sampled_from(["GET", "PUT", "HEAD", "DELETE", "POST", "OPTIONS", "PATCH"]),
)
def test_endpoint_never_fails_by_itself(
    shared_cos: RunningCos, path: str, query: str, parts: dict[str, str], method: str
) -> None:
    header = "&".join(f"{name}={value}" for name, value in parts.items())
    sent = bytes(c for c in header.encode("latin-1") if 32 < c != 127)
    url = shared_cos.http.base_url.copy_with(raw_path=f"/{path}?{query}".encode())
    answer = shared_cos.http.request(method, url, headers={b"authorization": sent})
    assert answer.status_code in (400, 403, 404, 405, 411)
