"""The signature of COS's XML API, checked as a server would.

Source: "Request Signature", COS document 436/7778.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from local.cos.config import CosConfig, Credentials
from local.cos.errors import CosError
from local.cos.requests import CosRequest

PARTS = (
    "q-sign-algorithm",
    "q-ak",
    "q-sign-time",
    "q-key-time",
    "q-header-list",
    "q-url-param-list",
    "q-signature",
)
TOKEN = "x-cos-security-token"  # noqa: S105  the name of a header
MAX_SKEW_S = 900
EXPIRED = "Request has expired"  # Source: cos-nodejs-sdk-v5 compares this text
_TIMES = re.compile(r"([0-9]{1,12});([0-9]{1,12})")
_SIGNATURE = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Signature:
    """What a request says of its signature; `in_query` if it says so in a pre-signed URL."""

    secret_id: str
    sign_time: str
    key_time: str
    header_list: tuple[str, ...]
    parameter_list: tuple[str, ...]
    signature: str
    in_query: bool = False


def check_signature(request: CosRequest, config: CosConfig, now_s: int) -> None:
    """Raise CosError unless the request is signed by one of the keys in `config`, for the time `now_s`."""
    signature = read_signature(request)
    if signature is None:
        raise CosError("AccessDenied")
    keys = [one for one in config.credentials if one.secret_id == signature.secret_id]
    if not keys:
        raise CosError("InvalidAccessKeyId")
    _check_token(request, signature, keys[0])
    for times in (signature.sign_time, signature.key_time):
        _check_times(times, now_s)
    if config.host_must_be_signed and "host" not in signature.header_list:
        raise CosError("AccessDenied", "The signature must cover the header Host.")
    expected = [
        sign(one, signature, keys[0].secret_key)
        for one in _vary_host(request)
        if _has_all(one, signature)
    ]
    if not any(hmac.compare_digest(one, signature.signature) for one in expected):
        raise CosError("SignatureDoesNotMatch")


def read_signature(request: CosRequest) -> Signature | None:
    """What the header Authorization or, without one, the parameters say; None where neither does.

    Raises CosError SignatureDoesNotMatch for what is no signature of this kind.
    """
    header = request.read_header("authorization")
    if header:
        return _read_parts(_split(header), in_query=False)
    if any(name in request.parameters for name in PARTS):
        return _read_parts(request.parameters, in_query=True)
    return None


def sign(request: CosRequest, signature: Signature, secret_key: str) -> str:
    """The signature that the secret key gives, in hex."""
    headers = {name: _encode(value) for name, value in request.headers.items()}
    parameters = {
        _encode_name(name): _encode(value.encode("utf-8", "surrogateescape"))
        for name, value in request.parameters.items()
    }
    text = b"\n".join(
        [
            request.method.lower().encode(),
            request.path,
            _join(signature.parameter_list, parameters),
            _join(signature.header_list, headers),
            b"",
        ]
    )
    sign_key = _hmac(secret_key, signature.key_time)
    digest = hashlib.sha1(text).hexdigest()  # noqa: S324  what COS asks for
    return _hmac(sign_key, f"sha1\n{signature.sign_time}\n{digest}\n")


def _split(header: str) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in header.strip().split("&"))
    return {name.strip().lower(): value for name, _, value in pairs}


def _read_parts(parts: Mapping[str, str], *, in_query: bool) -> Signature:
    missing = [name for name in PARTS if name not in parts]
    if missing or parts["q-sign-algorithm"] != "sha1":
        raise CosError("SignatureDoesNotMatch")
    if _SIGNATURE.fullmatch(parts["q-signature"]) is None:
        raise CosError("SignatureDoesNotMatch")
    return Signature(
        parts["q-ak"],
        parts["q-sign-time"],
        parts["q-key-time"],
        _read_list(parts["q-header-list"]),
        _read_list(parts["q-url-param-list"]),
        parts["q-signature"],
        in_query,
    )


def _read_list(text: str) -> tuple[str, ...]:
    names = [name for name in text.split(";") if name]
    if names != sorted({name.lower() for name in names}):
        raise CosError("SignatureDoesNotMatch", "The lists of names must be sorted, in lower case.")
    return tuple(names)


def _check_token(request: CosRequest, signature: Signature, key: Credentials) -> None:
    header = request.read_header(TOKEN)
    given = request.parameters.get(TOKEN) if signature.in_query and header is None else header
    if (given or "") != (key.token or ""):
        raise CosError("AccessDenied", "The session token is not that of the key.")


def _check_times(times: str, now_s: int) -> None:
    match = _TIMES.fullmatch(times)
    if match is None:
        raise CosError("SignatureDoesNotMatch")
    start_s, end_s = int(match[1]), int(match[2])
    if start_s - now_s > MAX_SKEW_S:
        raise CosError("RequestTimeTooSkewed")
    if end_s < now_s:
        raise CosError("AccessDenied", EXPIRED)


def _has_all(request: CosRequest, signature: Signature) -> bool:
    parameters = {_encode_name(name) for name in request.parameters}
    return parameters.issuperset(signature.parameter_list) and request.headers.keys() >= {
        *signature.header_list
    }


def _vary_host(request: CosRequest) -> Iterator[CosRequest]:
    """The request as it was sent, and with a Host without its port, as the Python SDK signs it."""
    yield request
    without_port = re.sub(rb":\d+$", b"", request.headers.get("host", b""))
    yield replace(request, headers={**request.headers, "host": without_port})


def _join(names: tuple[str, ...], values: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={values[name]}" for name in names).encode()


def _encode(value: bytes) -> str:
    return quote(value, safe="")


def _encode_name(name: str) -> str:
    return quote(name.encode("utf-8", "surrogateescape"), safe="").lower()


def _hmac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha1).hexdigest()
