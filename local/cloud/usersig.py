"""UserSig: what lets a bot into a room, decoded and verified with the emulator's own code.

Source: tencentyun/tls-sig-api-v2-python @5326113, TLSSigAPIv2.py.
"""

import base64
import binascii
import hashlib
import hmac
import json
import zlib

MAX_DECODED_BYTES = 16_384


class UserSigError(Exception):
    """A UserSig that lets nobody in; the text says why, without the UserSig."""


def verify_user_sig(
    user_sig: str, sdk_app_id: int, user_id: str, secret_key: str, now_s: int
) -> None:
    """Raise UserSigError unless this is the user's own, signed with the key, and not expired."""
    claims = decode_user_sig(user_sig)
    if claims.get("TLS.ver") != "2.0":
        raise UserSigError("its version is not 2.0")
    if claims.get("TLS.identifier") != user_id:
        raise UserSigError("it was made for another UserId")
    if _read_number(claims, "TLS.sdkappid") != sdk_app_id:
        raise UserSigError("it was made for another SdkAppId")
    if not hmac.compare_digest(_sign(claims, secret_key), _read_sig(claims)):
        raise UserSigError("it was not signed with this application's key")
    if _read_number(claims, "TLS.time") + _read_number(claims, "TLS.expire") <= now_s:
        raise UserSigError("it is expired")


def decode_user_sig(user_sig: str) -> dict[str, object]:
    """The JSON object inside; raises UserSigError."""
    try:
        packed = base64.b64decode(
            user_sig.replace("*", "+").replace("-", "/").replace("_", "="), validate=True
        )
        claims = json.loads(_inflate(packed))
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        raise UserSigError("it cannot be decoded") from None
    if not isinstance(claims, dict):
        raise UserSigError("it holds no JSON object")
    return claims


def _inflate(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    data = inflater.decompress(packed, MAX_DECODED_BYTES)
    if not inflater.eof:
        raise zlib.error("cut off or too large")
    return data


def _sign(claims: dict[str, object], secret_key: str) -> bytes:
    names = ["TLS.identifier", "TLS.sdkappid", "TLS.time", "TLS.expire"]
    if "TLS.userbuf" in claims:
        names.append("TLS.userbuf")
    text = "".join(f"{name}:{claims.get(name)}\n" for name in names)
    digest = hmac.new(secret_key.encode(), text.encode("utf-8", "replace"), hashlib.sha256)
    return base64.b64encode(digest.digest())


def _read_sig(claims: dict[str, object]) -> bytes:
    return str(claims.get("TLS.sig")).encode("utf-8", "replace")


def _read_number(claims: dict[str, object], name: str) -> int:
    value = claims.get(name)
    try:
        return int(value) if isinstance(value, int | str) else -1
    except ValueError:
        return -1
