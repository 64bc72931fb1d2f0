"""Signature v1: HmacSHA1 or HmacSHA256 over a query string or a form, checked as it arrived.

Source: "Signature v1", API 3.0. What a request carries as headers with TC3 are parameters here.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from local.cloud.errors import ApiError
from local.cloud.tc3 import CLOCK_TOLERANCE_S, RawRequest, vary_host

FORM = "application/x-www-form-urlencoded"
DIGESTS = {"HmacSHA1": hashlib.sha1, "HmacSHA256": hashlib.sha256}
DEFAULT_METHOD = "HmacSHA1"
REQUIRED = ("Action", "Version", "Timestamp", "Nonce", "SecretId", "Signature")
COMMON = frozenset((*REQUIRED, "Region", "SignatureMethod", "Token", "Language", "RequestClient"))

Form = Mapping[str, str]


def read_form(request: RawRequest) -> Form | None:
    """All parameters of a request that is signed like this; None of any other."""
    if "authorization" in request.headers:
        return None
    if request.method == "GET":
        return _parse(request.query)
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    return _parse(request.body.decode("latin-1")) if content_type == FORM else None


def check_form(
    request: RawRequest, form: Form, secret_id: str, secret_key: str, token: str | None, now_s: int
) -> None:
    """Raise ApiError with the code of whatever is wrong with the request's signature."""
    for name in REQUIRED:
        if not form.get(name):
            raise ApiError("MissingParameter", f"The parameter `{name}` is required.")
    method = form.get("SignatureMethod", DEFAULT_METHOD)
    if method not in DIGESTS:
        known = ", ".join(DIGESTS)
        raise ApiError("InvalidParameterValue", f"`SignatureMethod` must be one of {known}.")
    if form["SecretId"] != secret_id:
        raise ApiError("AuthFailure.SecretIdNotFound")
    _check_numbers(form, now_s)
    signatures = [sign_form(one, form, secret_key, method) for one in vary_host(request)]
    if not any(hmac.compare_digest(one, form["Signature"].encode()) for one in signatures):
        raise ApiError("AuthFailure.SignatureFailure")
    if form.get("Token", "") != (token or ""):
        raise ApiError("AuthFailure.TokenFailure")


def sign_form(request: RawRequest, form: Form, secret_key: str, method: str) -> bytes:
    """The signature that the secret key gives, in base64."""
    pairs = "&".join(f"{name}={form[name]}" for name in sorted(form) if name != "Signature")
    text = f"{request.method}{request.headers.get('host', '')}{request.path}?{pairs}"
    digest = hmac.new(secret_key.encode(), text.encode("utf-8", "replace"), DIGESTS[method])
    return base64.b64encode(digest.digest())


def list_parameters(form: Form) -> Iterator[tuple[str, str]]:
    """The action's own parameters."""
    return ((name, value) for name, value in form.items() if name not in COMMON)


def _parse(text: str) -> Form:
    return dict(parse_qsl(text, keep_blank_values=True))


def _check_numbers(form: Form, now_s: int) -> None:
    for name in ("Timestamp", "Nonce"):
        if re.fullmatch(r"\d{1,20}", form[name], re.ASCII) is None:
            raise ApiError("InvalidParameter", f"The parameter `{name}` must be an integer.")
    if abs(now_s - int(form["Timestamp"])) > CLOCK_TOLERANCE_S:
        raise ApiError("AuthFailure.SignatureExpire")
