"""The emulator's own TC3-HMAC-SHA256, against Tencent's published vectors."""

import json
from dataclasses import replace

import pytest

from local.cloud.errors import ApiError
from local.cloud.tc3 import (
    Authorization,
    RawRequest,
    check_signature,
    hash_canonical_request,
    parse_authorization,
    sign,
)

# Source: the three generations of Tencent's page "Signature v3".
BODY = json.dumps(
    {"Limit": 1, "Filters": [{"Values": ["未命名"], "Name": "instance-name"}]}
).encode()
NOW_S = 1551113065
HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "host": "cvm.tencentcloudapi.com",
    "x-tc-action": "DescribeInstances",
    "x-tc-timestamp": str(NOW_S),
}
REQUEST = RawRequest("POST", "/", "", HEADERS, BODY)
PLAIN = ("content-type", "host")
WITH_ACTION = ("content-type", "host", "x-tc-action")
PLAIN_HASH = "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
ACTION_HASH = "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"
FIRST_KEY, SECOND_KEY, THIRD_KEY = (
    "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
    "Gu5t9xGARNpq86cd98joQYCN3*******",
    "*" * 32,
)
FIRST = "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
SECOND = "2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"
THIRD = "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"

ID, KEY = "AnId", "a-key"


@pytest.mark.parametrize(
    ("key", "signed", "request_hash", "signature"),
    [
        (FIRST_KEY, PLAIN, PLAIN_HASH, FIRST),
        (SECOND_KEY, PLAIN, PLAIN_HASH, SECOND),
        (THIRD_KEY, WITH_ACTION, ACTION_HASH, THIRD),
    ],
)
def test_vectors_of_tencent_are_reproduced(
    key: str, signed: tuple[str, ...], request_hash: str, signature: str
) -> None:
    assert hash_canonical_request(REQUEST, signed, lower_values=False) == request_hash
    scope = Authorization("id", "2019-02-25", "cvm", signed, "")
    assert sign(scope, str(NOW_S), request_hash, key) == signature


@pytest.mark.parametrize(
    ("key", "signed", "signature"),
    [
        (FIRST_KEY, PLAIN, FIRST),
        (SECOND_KEY, PLAIN, SECOND),
        (THIRD_KEY, WITH_ACTION, THIRD),
    ],
)
def test_vectors_of_tencent_are_accepted(key: str, signed: tuple[str, ...], signature: str) -> None:
    check_signature(authorize(REQUEST, signature, signed, "cvm"), ID, key, None, NOW_S)


def authorize(
    request: RawRequest,
    signature: str,
    signed: tuple[str, ...] = PLAIN,
    service: str = "trtc",
    date: str = "2019-02-25",
    **more: str,
) -> RawRequest:
    """The request with an Authorization header."""
    header = (
        f"TC3-HMAC-SHA256 Credential={ID}/{date}/{service}/tc3_request, "
        f"SignedHeaders={';'.join(signed)}, Signature={signature}"
    )
    return replace(request, headers={**request.headers, "authorization": header, **more})


def make_signed(
    signed: tuple[str, ...] = PLAIN,
    service: str = "trtc",
    *,
    date: str = "2019-02-25",
    lower_values: bool = False,
    headers: dict[str, str] | None = None,
) -> RawRequest:
    """A request signed with KEY."""
    request = replace(REQUEST, headers={**HEADERS, **(headers or {})})
    request_hash = hash_canonical_request(request, signed, lower_values=lower_values)
    scope = Authorization(ID, date, service, signed, "")
    signature = sign(scope, request.headers["x-tc-timestamp"], request_hash, KEY)
    return authorize(request, signature, signed, service, date)


def read_code(request: RawRequest, key: str = KEY, now_s: int = NOW_S) -> str:
    """What the check refuses the request with."""
    with pytest.raises(ApiError) as raised:
        check_signature(request, ID, key, None, now_s)
    return raised.value.code


def test_changed_byte_of_the_body_fails() -> None:
    request = make_signed()
    assert read_code(replace(request, body=BODY + b" ")) == "AuthFailure.SignatureFailure"


def test_changed_signed_action_fails_and_unsigned_passes() -> None:
    other = {"x-tc-action": "RunInstances"}
    request = make_signed(WITH_ACTION)
    forged = replace(request, headers={**request.headers, **other})
    assert read_code(forged) == "AuthFailure.SignatureFailure"
    request = make_signed(PLAIN)
    check_signature(replace(request, headers={**request.headers, **other}), ID, KEY, None, NOW_S)


def test_wrong_key_fails() -> None:
    assert read_code(make_signed(), key="another") == "AuthFailure.SignatureFailure"


def test_unknown_secret_id_fails() -> None:
    with pytest.raises(ApiError) as raised:
        check_signature(make_signed(), "AnotherId", KEY, None, NOW_S)
    assert raised.value.code == "AuthFailure.SecretIdNotFound"


@pytest.mark.parametrize("offset_s", [-301, 301])
def test_clock_more_than_five_minutes_off_expires(offset_s: int) -> None:
    assert read_code(make_signed(), now_s=NOW_S + offset_s) == "AuthFailure.SignatureExpire"


@pytest.mark.parametrize("offset_s", [-300, 300])
def test_clock_five_minutes_off_is_accepted(offset_s: int) -> None:
    check_signature(make_signed(), ID, KEY, None, NOW_S + offset_s)


def test_date_must_be_the_timestamps() -> None:
    assert read_code(make_signed(date="2019-02-26")) == "AuthFailure.InvalidAuthorization"


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1551113065.5", "9" * 400])
def test_timestamp_that_is_no_time_is_invalid(timestamp: str) -> None:
    request = make_signed(headers={"x-tc-timestamp": timestamp})
    assert read_code(request) == "AuthFailure.InvalidAuthorization"


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("127.0.0.1:8321", "127"),  # Node SDK
        ("http://127.0.0.1:8321", "127"),
        ("http://127.0.0.1:8321", "trtc"),  # tccli
        ("localhost:8321", "localhost"),
        ("localhost:8321", "localhost:8321"),
        ("trtc.intl.tencentcloudapi.com", "trtc"),
    ],
)
def test_scope_service_is_trtc_or_the_hosts_first_label(host: str, service: str) -> None:
    check_signature(make_signed(service=service, headers={"host": host}), ID, KEY, None, NOW_S)


def test_host_may_be_signed_without_its_port() -> None:
    """The Node SDK signs the host's name and sends its port along."""
    signed = make_signed(service="127", headers={"host": "127.0.0.1"})
    sent = replace(signed, headers={**signed.headers, "host": "127.0.0.1:8321"})
    check_signature(sent, ID, KEY, None, NOW_S)
    elsewhere = replace(signed, headers={**signed.headers, "host": "127.0.0.2:8321"})
    assert read_code(elsewhere) == "AuthFailure.SignatureFailure"


def test_scope_of_another_service_is_refused() -> None:
    request = make_signed(service="cvm", headers={"host": "127.0.0.1:8321"})
    assert read_code(request) == "AuthFailure.InvalidAuthorization"


def test_values_may_be_signed_in_lower_case_or_as_sent() -> None:
    mixed = {"content-type": "application/json; charset=UTF-8", "host": "Trtc.Example.com"}
    check_signature(make_signed(headers=mixed, lower_values=True), ID, KEY, None, NOW_S)
    check_signature(make_signed(headers=mixed, lower_values=False), ID, KEY, None, NOW_S)


@pytest.mark.parametrize(
    "signed", [("host",), ("content-type",), ("content-type", "host", "x-tc-nonce")]
)
def test_signed_headers_must_be_there_and_hold_host_and_type(signed: tuple[str, ...]) -> None:
    request = authorize(REQUEST, "0" * 64, signed, "cvm")
    assert read_code(request) == "AuthFailure.InvalidAuthorization"


@pytest.mark.parametrize("sent", ["", "a-token"])
def test_token_must_be_the_configured_one(sent: str) -> None:
    request = make_signed()
    request = replace(request, headers={**request.headers, "x-tc-token": sent})
    with pytest.raises(ApiError) as raised:
        check_signature(request, ID, KEY, None if sent else "the-token", NOW_S)
    assert raised.value.code == "AuthFailure.TokenFailure"
    check_signature(request, ID, KEY, sent or None, NOW_S)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "SKIP",
        "TC3-HMAC-SHA256",
        "TC3-HMAC-SHA1 Credential=a/2019-02-25/trtc/tc3_request, SignedHeaders=host, Signature="
        + FIRST,
        "TC3-HMAC-SHA256 Credential=a/trtc/tc3_request, SignedHeaders=host, Signature=" + FIRST,
        "TC3-HMAC-SHA256 Credential=a/2019-02-25/trtc/tc3_request, SignedHeaders=host, Signature=zz",
        "TC3-HMAC-SHA256 Credential=a/2019-02-25/trtc/tc3_request, SignedHeaders=, Signature="
        + FIRST,
        "TC3-HMAC-SHA256 Credential=é/2019-02-25/trtc/tc3_request Signature=" + FIRST,
    ],
)
def test_malformed_authorization_is_invalid(header: str) -> None:
    with pytest.raises(ApiError) as raised:
        parse_authorization(header)
    assert raised.value.code == "AuthFailure.InvalidAuthorization"
