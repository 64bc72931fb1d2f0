"""Signatures of API requests, v3 and v1: what the official SDK signs passes, and nothing else does.

An input is a request: method, path, query and headers, a line each, an empty line, and the body.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace

from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.sign import Sign

from local.cloud.errors import ApiError
from local.cloud.signature_v1 import check_form, list_parameters, read_form
from local.cloud.tc3 import RawRequest, check_signature, parse_authorization

ID, KEY, NOW_S = "AKIDofATest", "a key of a test", 1_700_000_000
DATE = "2023-11-14"
NAME = re.compile("[a-z0-9-]+")  # of a header that can be signed
SCOPE = f"{DATE}/trtc/tc3_request"
AUTHORIZATION = f"TC3-HMAC-SHA256 Credential={ID}/{SCOPE}, SignedHeaders=%s, Signature=%s"
SEEDS = (
    "POST\n/\n\ncontent-type: application/json\nhost: trtc.tencentcloudapi.com\n"
    f"x-tc-timestamp: {NOW_S}\nx-tc-action: DescribeTask\n\n{{}}",
    f"GET\n/\nAction=A&Version=1&Timestamp={NOW_S}&Nonce=1&SecretId={ID}&Signature=x"
    "&SignatureMethod=HmacSHA256\nhost: trtc.tencentcloudapi.com:443\n",
    "POST\n/\n\ncontent-type: application/x-www-form-urlencoded\nhost: a\n\n"
    f"Action=A&Version=1&Timestamp={NOW_S}&Nonce=1&SecretId={ID}&Signature=%20",
    f"POST\n/\n\ncontent-type: a\nhost: b\nx-tc-timestamp: {NOW_S}\nx-tc-token: t\n"
    f"authorization: {AUTHORIZATION % ('content-type;host', '0' * 64)}\n",
)


def list_seeds() -> Iterator[bytes]:
    """A request of each kind."""
    for request in SEEDS:
        yield request.encode()


def run(data: bytes) -> None:
    """Fail on anything but an ApiError, on a signature that is taken wrongly or refused wrongly."""
    request = read_request(data)
    form = read_form(request)
    if form is None:
        assert not _passes_tc3(request), "nobody signed this"
        _sign_tc3(request)
        return
    _check_form(request)
    _sign_form(request)


def read_request(data: bytes) -> RawRequest:
    """The request in an input, as a server would hand it over."""
    head, _, body = data.partition(b"\n\n")
    method, path, query, *lines = [*head.decode("latin-1").split("\n"), "", "", ""]
    pairs = [line.partition(":") for line in lines if ":" in line]
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return RawRequest(method, path, query, headers, body)


def _passes_tc3(request: RawRequest, key: str = KEY) -> bool:
    try:
        check_signature(request, ID, key, None, NOW_S)
    except ApiError as error:
        assert error.code.startswith("AuthFailure.")
        return False
    return True


def _sign_tc3(request: RawRequest) -> None:
    """Signed by the SDK's own hand it passes; with another key, body or method it does not."""
    headers = {**request.headers, "host": request.headers.get("host") or "h"}
    headers = {"content-type": "application/json", **headers, "x-tc-timestamp": str(NOW_S)}
    headers.pop("x-tc-token", None)
    request = replace(request, headers=headers)
    names = ";".join(sorted(name for name in headers if NAME.fullmatch(name)))
    # As the SDKs do: of the values only the action's is signed in lower case.
    values = {**headers, "x-tc-action": headers.get("x-tc-action", "").lower()}
    lines = "".join(f"{name}:{values[name]}\n" for name in names.split(";"))
    is_unsigned = headers.get("x-tc-content-sha256") == "UNSIGNED-PAYLOAD"
    digest = hashlib.sha256(b"UNSIGNED-PAYLOAD" if is_unsigned else request.body).hexdigest()
    parts = (request.method, request.path, request.query, lines, names, digest)
    hashed = hashlib.sha256("\n".join(parts).encode("latin-1")).hexdigest()
    text = f"TC3-HMAC-SHA256\n{NOW_S}\n{SCOPE}\n{hashed}"
    signature = Sign.sign_tc3(KEY, DATE, "trtc", text)
    signed = replace(
        request, headers={**headers, "authorization": AUTHORIZATION % (names, signature)}
    )
    assert parse_authorization(signed.headers["authorization"]).signature == signature
    assert _passes_tc3(signed), "what the SDK signed was refused"
    assert not _passes_tc3(signed, KEY + "!")
    assert not _passes_tc3(replace(signed, method=signed.method + "X"))
    assert is_unsigned or not _passes_tc3(replace(signed, body=signed.body + b" "))


def _check_form(request: RawRequest, key: str = KEY) -> bool:
    form = read_form(request)
    if form is None:
        return False
    assert all(isinstance(value, str) for _, value in list_parameters(form))
    try:
        check_form(request, form, ID, key, None, NOW_S)
    except ApiError as error:
        assert error.code
        return False
    return True


def _sign_form(request: RawRequest) -> None:
    form = dict(read_form(request) or {})
    form |= {"SecretId": ID, "Timestamp": str(NOW_S), "Nonce": "1", "Version": "1", "Action": "A"}
    form.pop("Token", None)
    method = form.get("SignatureMethod", "HmacSHA1")
    pairs = "&".join(f"{name}={form[name]}" for name in sorted(form) if name != "Signature")
    text = f"{request.method}{request.headers.get('host', '')}{request.path}?{pairs}"
    try:
        form["Signature"] = Sign.sign(KEY, text, method)
    except (TencentCloudSDKException, UnicodeEncodeError):
        return
    for key, passes in ((KEY, True), (KEY + "!", False)):
        try:
            check_form(request, form, ID, key, None, NOW_S)
        except ApiError as error:
            assert not passes, error
        else:
            assert passes
