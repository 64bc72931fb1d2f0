"""The emulator's own signature v1, against Tencent's published vectors."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from local.cloud.errors import ApiError
from local.cloud.signature_v1 import Form, check_form, list_parameters, read_form, sign_form
from local.cloud.tc3 import RawRequest

# Source: the example of "Signature v1", API 3.0 (DescribeInstances in ap-guangzhou).
KEY = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
ID = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"
NOW_S = 1465185768
EXAMPLE = {
    "Action": "DescribeInstances",
    "InstanceIds.0": "ins-09dx96dg",
    "Limit": "20",
    "Nonce": "11886",
    "Offset": "0",
    "Region": "ap-guangzhou",
    "SecretId": ID,
    "Timestamp": str(NOW_S),
    "Version": "2017-03-12",
}
HOST = "cvm.tencentcloudapi.com"


def make(form: Form, method: str = "GET", host: str = HOST) -> RawRequest:
    """A request with those parameters, as they stand."""
    text, headers = urlencode(form), {"host": host}
    if method == "GET":
        return RawRequest("GET", "/", text, headers, b"")
    headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
    return RawRequest("POST", "/", "", headers, text.encode())


def sign(
    method: str = "GET", host: str = HOST, sign_method: str | None = None, **more: str
) -> RawRequest:
    """A signed request: the example with `more`."""
    chosen = {} if sign_method is None else {"SignatureMethod": sign_method}
    form = {**EXAMPLE, **chosen, **more}
    signature = sign_form(make(form, method, host), form, KEY, sign_method or "HmacSHA1").decode()
    return make({**form, "Signature": signature}, method, host)


def check(
    request: RawRequest, *, key: str = KEY, token: str | None = None, now_s: int = NOW_S
) -> None:
    """Check a request, as the gateway does it."""
    form = read_form(request)
    assert form is not None
    check_form(request, form, ID, key, token, now_s)


def read_code(request: RawRequest, **given: str) -> str:
    """What the check refuses the request with."""
    with pytest.raises(ApiError) as raised:
        check(request, **given)  # type: ignore[arg-type]
    return raised.value.code


def test_vector_of_tencent_is_reproduced_and_accepted() -> None:
    """Its signature stands in the document."""
    request = make({**EXAMPLE, "Signature": "EliP9YW3pW28FpsEdkXt/+WcGeI="})
    assert sign_form(request, EXAMPLE, KEY, "HmacSHA1") == b"EliP9YW3pW28FpsEdkXt/+WcGeI="
    check(request)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("sign_method", [None, "HmacSHA1", "HmacSHA256"])
def test_either_digest_by_query_or_form_is_accepted(method: str, sign_method: str | None) -> None:
    check(sign(method, sign_method=sign_method))


@pytest.mark.parametrize("sign_method", ["HmacSHA1", "HmacSHA256"])
def test_one_digest_is_not_the_other(sign_method: str) -> None:
    other = {"HmacSHA1": "HmacSHA256", "HmacSHA256": "HmacSHA1"}[sign_method]
    form = {**EXAMPLE, "SignatureMethod": sign_method}
    signature = sign_form(make(form), form, KEY, other).decode()
    assert read_code(make({**form, "Signature": signature})) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize(
    "more", [{"Limit": "21"}, {"Nonce": "1"}, {"InstanceIds.1": ""}, {"Region": "ap-beijing"}]
)
def test_changed_parameter_fails(more: dict[str, str]) -> None:
    form = read_form(sign())
    assert form is not None
    assert read_code(make({**form, **more})) == "AuthFailure.SignatureFailure"


def test_method_host_and_path_are_signed() -> None:
    assert read_code(replace(sign(), path="/v2")) == "AuthFailure.SignatureFailure"
    moved = replace(sign(), headers={"host": "trtc.tencentcloudapi.com"})
    assert read_code(moved) == "AuthFailure.SignatureFailure"
    posted = read_form(sign("POST"))
    assert posted is not None
    assert read_code(make(posted)) == "AuthFailure.SignatureFailure"


def test_values_are_signed_as_they_are_before_they_are_encoded() -> None:
    check(sign("POST", UserSig="a+b/c==", RoomId=" !#$%&()+-:;<=.>?@[]^_{}|~,", HotWord="腾讯云|5"))


def test_host_may_be_signed_without_its_port() -> None:
    signed = sign(host="127.0.0.1")
    check(replace(signed, headers={"host": "127.0.0.1:8321"}))
    check(sign(host="127.0.0.1:8321"))


def test_wrong_key_and_unknown_id_are_told_apart() -> None:
    assert read_code(sign(), key="another") == "AuthFailure.SignatureFailure"
    assert read_code(sign(SecretId="another")) == "AuthFailure.SecretIdNotFound"


@pytest.mark.parametrize("offset_s", [-301, 301])
def test_clock_more_than_five_minutes_off_expires(offset_s: int) -> None:
    with pytest.raises(ApiError) as raised:
        check(sign(), now_s=NOW_S + offset_s)
    assert raised.value.code == "AuthFailure.SignatureExpire"


@pytest.mark.parametrize("offset_s", [-300, 300])
def test_clock_five_minutes_off_is_accepted(offset_s: int) -> None:
    check(sign(), now_s=NOW_S + offset_s)


@pytest.mark.parametrize("sent", ["", "a-token"])
def test_token_must_be_the_configured_one(sent: str) -> None:
    request = sign(Token=sent) if sent else sign()
    with pytest.raises(ApiError) as raised:
        check(request, token=None if sent else "the-token")
    assert raised.value.code == "AuthFailure.TokenFailure"
    check(request, token=sent or None)


@pytest.mark.parametrize(
    "name", ["Action", "Version", "Timestamp", "Nonce", "SecretId", "Signature"]
)
def test_missing_parameter_is_named(name: str) -> None:
    form = dict(read_form(sign()) or {})
    del form[name]
    with pytest.raises(ApiError, match="MissingParameter") as raised:
        check(make(form))
    assert f"`{name}`" in raised.value.message


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"Timestamp": "soon"}, "InvalidParameter"),
        ({"Timestamp": "-1"}, "InvalidParameter"),
        ({"Timestamp": "9" * 400}, "InvalidParameter"),
        ({"Timestamp": "١"}, "InvalidParameter"),
        ({"Nonce": "n"}, "InvalidParameter"),
        ({"SignatureMethod": "HmacMD5"}, "InvalidParameterValue"),
        ({"SignatureMethod": "TC3-HMAC-SHA256"}, "InvalidParameterValue"),
        ({"Signature": "é"}, "AuthFailure.SignatureFailure"),
    ],
)
def test_malformed_parameter_has_its_code(more: dict[str, str], code: str) -> None:
    assert read_code(make({**(read_form(sign()) or {}), **more})) == code


def test_only_a_query_or_a_form_without_authorization_is_signed_like_this() -> None:
    assert read_form(replace(sign(), headers={"host": HOST, "authorization": "x"})) is None
    json_body = RawRequest("POST", "/", "", {"content-type": "application/json"}, b"{}")
    assert read_form(json_body) is None


def test_common_parameters_are_none_of_the_actions() -> None:
    request = sign(Language="en-US", RequestClient="SDK", Token="t", sign_method="HmacSHA256")
    form = read_form(request)
    assert form is not None
    assert dict(list_parameters(form)) == {
        "InstanceIds.0": "ins-09dx96dg",
        "Limit": "20",
        "Offset": "0",
    }
