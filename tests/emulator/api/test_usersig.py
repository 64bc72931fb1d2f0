"""The emulator's own UserSig check."""

import base64
import json
import zlib

import pytest

from local.cloud.usersig import UserSigError, decode_user_sig, verify_user_sig

# Made by the official generator (TLSSigAPIv2.py @5326113) with its time frozen.
APP, USER, TIME, EXPIRE_S = 1400000000, "xiaojun", 1600000000, 15552000
KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
SIG = "1Z5PngDjGaufeSiPoBuxdHY7EK3JTdAjMP93S4KvV3M="
CLAIMS: dict[str, object] = {
    "TLS.ver": "2.0",
    "TLS.identifier": USER,
    "TLS.sdkappid": APP,
    "TLS.expire": EXPIRE_S,
    "TLS.time": TIME,
    "TLS.sig": SIG,
}


def pack(claims: object) -> str:
    """A UserSig around any JSON."""
    return pack_bytes(json.dumps(claims).encode())


def pack_bytes(data: bytes) -> str:
    text = base64.b64encode(zlib.compress(data)).decode()
    return text.replace("+", "*").replace("/", "-").replace("=", "_")


def test_official_vector_decodes_and_verifies() -> None:
    user_sig = pack(CLAIMS)
    assert decode_user_sig(user_sig) == CLAIMS
    verify_user_sig(user_sig, APP, USER, KEY, TIME + EXPIRE_S - 1)


def test_userbuf_is_signed_with_the_rest() -> None:
    with pytest.raises(UserSigError, match="not signed"):
        verify_user_sig(pack({**CLAIMS, "TLS.userbuf": "AAAA"}), APP, USER, KEY, TIME)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"TLS.ver": "1.0"}, "version"),
        ({"TLS.identifier": "someone"}, "another UserId"),
        ({"TLS.sdkappid": APP + 1}, "another SdkAppId"),
        ({"TLS.sdkappid": None}, "another SdkAppId"),
        ({"TLS.time": TIME + 1}, "not signed"),
        ({"TLS.expire": EXPIRE_S + 1}, "not signed"),
        ({"TLS.sig": SIG[:-2] + "A="}, "not signed"),
        ({"TLS.sig": "\ud800"}, "not signed"),
        ({"TLS.sig": None}, "not signed"),
    ],
)
def test_changed_claim_is_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(UserSigError, match=reason):
        verify_user_sig(pack({**CLAIMS, **change}), APP, USER, KEY, TIME)


def test_expired_one_is_refused() -> None:
    with pytest.raises(UserSigError, match="expired"):
        verify_user_sig(pack(CLAIMS), APP, USER, KEY, TIME + EXPIRE_S)


def test_wrong_key_is_refused() -> None:
    with pytest.raises(UserSigError, match="not signed"):
        verify_user_sig(pack(CLAIMS), APP, USER, KEY[::-1], TIME)


@pytest.mark.parametrize(
    "user_sig",
    [
        "",
        "abc",
        "é",
        "\ud800",
        "eJjdaVgrxCdYrzkx*************BLATRT",
        pack_bytes(b"no JSON"),
        pack_bytes(b"\xff"),
        pack([]),
        pack(CLAIMS)[:-8],
        pack_bytes(b" " * 1_000_000),
        pack_bytes(b"[" * 16_000),
    ],
)
def test_anything_else_cannot_be_decoded(user_sig: str) -> None:
    with pytest.raises(UserSigError):
        decode_user_sig(user_sig)
