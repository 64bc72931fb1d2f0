"""TC3-HMAC-SHA256, checked on the request exactly as it arrived.

Source: "Signature v3", API 3.0. Independent of shared/, so that a signer bug there cannot hide.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import lru_cache

from local.cloud.errors import ApiError

ALGORITHM = "TC3-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
CLOCK_TOLERANCE_S = 300
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} +Credential=(?P<secret_id>[^/,\s]+)/(?P<date>\d{{4}}-\d\d-\d\d)"
    r"/(?P<service>\S+)/tc3_request, *SignedHeaders=(?P<signed>[a-z0-9;-]+),"
    r" *Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)


@dataclass(frozen=True)
class RawRequest:
    """An HTTP request as received; header names in lower case, path and query still encoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Authorization:
    """The parts of an Authorization header."""

    secret_id: str
    date: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


def check_signature(
    request: RawRequest,
    secret_id: str,
    secret_key: str,
    token: str | None,
    now_s: int,
    service: str = "trtc",
) -> None:
    """Raise ApiError with the AuthFailure code of whatever is wrong with the request's signature."""
    authorization = parse_authorization(request.headers.get("authorization", ""))
    _check_scope(request, authorization, service)
    if authorization.secret_id != secret_id:
        raise ApiError("AuthFailure.SecretIdNotFound")
    _check_time(request, authorization, now_s)
    if not _is_signed(request, authorization, secret_key):
        raise ApiError("AuthFailure.SignatureFailure")
    if request.headers.get("x-tc-token", "") != (token or ""):
        raise ApiError("AuthFailure.TokenFailure")


def parse_authorization(header: str) -> Authorization:
    """Take the header apart; raises ApiError InvalidAuthorization."""
    match = _AUTHORIZATION.fullmatch(header.strip())
    if match is None:
        raise ApiError("AuthFailure.InvalidAuthorization")
    signed_headers = tuple(match["signed"].split(";"))
    return Authorization(
        match["secret_id"], match["date"], match["service"], signed_headers, match["signature"]
    )


def hash_canonical_request(
    request: RawRequest, signed_headers: tuple[str, ...], *, lower_values: bool
) -> str:
    """SHA-256 of the canonical request, in hex."""
    headers = "".join(
        f"{name}:{_canonical_value(request, name, lower_values)}\n" for name in signed_headers
    )
    unsigned = request.headers.get("x-tc-content-sha256") == UNSIGNED
    parts = (
        request.method,
        request.path,
        request.query,
        headers,
        ";".join(signed_headers),
        _sha256(UNSIGNED.encode() if unsigned else request.body),
    )
    return _sha256("\n".join(parts).encode("latin-1"))


def sign(authorization: Authorization, timestamp: str, request_hash: str, secret_key: str) -> str:
    """The signature that the secret key gives, in hex."""
    scope = f"{authorization.date}/{authorization.service}/tc3_request"
    text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{request_hash}"
    key = _derive_key(secret_key, authorization.date, authorization.service)
    return _hmac(key, text).hex()


def vary_host(request: RawRequest) -> Iterator[RawRequest]:
    """The request as it was sent, and with a Host without its port, as the Node SDK signs it."""
    yield request
    without_port = re.sub(r":\d+$", "", request.headers.get("host", ""))
    yield replace(request, headers={**request.headers, "host": without_port})


@lru_cache(maxsize=64)
def _derive_key(secret_key: str, date: str, service: str) -> bytes:
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = _hmac(key, part)
    return key


def _check_scope(request: RawRequest, authorization: Authorization, service: str) -> None:
    required = {"content-type", "host"}
    missing = [n for n in authorization.signed_headers if n not in request.headers]
    if missing or not required.issubset(authorization.signed_headers):
        raise ApiError("AuthFailure.InvalidAuthorization")
    if authorization.service not in {service, *_list_labels(request.headers["host"])}:
        raise ApiError(
            "AuthFailure.InvalidAuthorization",
            f"The credential scope names the service `{authorization.service}`, not `{service}`.",
        )


def _list_labels(host: str) -> set[str]:
    """The first label of the host: what Tencent's SDKs sign for an endpoint of one's own."""
    bare = host.split("://", 1)[-1]  # tccli sends the scheme along
    return {host.split(".")[0], bare.split(".")[0], bare.split(":")[0].split(".")[0]}


def _check_time(request: RawRequest, authorization: Authorization, now_s: int) -> None:
    timestamp = request.headers.get("x-tc-timestamp", "")
    if re.fullmatch(r"\d{1,11}", timestamp, re.ASCII) is None:
        raise ApiError("AuthFailure.InvalidAuthorization", "X-TC-Timestamp is not a Unix time.")
    if abs(now_s - int(timestamp)) > CLOCK_TOLERANCE_S:
        raise ApiError("AuthFailure.SignatureExpire")
    date = _write_date(int(timestamp) // 86_400)
    if date != authorization.date:
        raise ApiError(
            "AuthFailure.InvalidAuthorization",
            f"The credential's date is not {date}, the UTC date of X-TC-Timestamp.",
        )


@lru_cache(maxsize=8)
def _write_date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, timezone.utc).strftime("%Y-%m-%d")


def _is_signed(request: RawRequest, authorization: Authorization, secret_key: str) -> bool:
    """The document lower-cases header values, the SDKs sign them as sent: either will do."""
    timestamp = request.headers["x-tc-timestamp"]
    return any(
        hmac.compare_digest(
            sign(
                authorization,
                timestamp,
                hash_canonical_request(
                    variant, authorization.signed_headers, lower_values=lower_values
                ),
                secret_key,
            ),
            authorization.signature,
        )
        for variant in vary_host(request)
        for lower_values in (False, True)
    )


def _canonical_value(request: RawRequest, name: str, lower_values: bool) -> str:
    value = request.headers[name].strip()
    return value.lower() if lower_values or name == "x-tc-action" else value


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
