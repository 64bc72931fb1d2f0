"""Whether an event is signed as the Standard Webhooks specification says: by its text, with no package.

Source: github.com/standard-webhooks, spec/standard-webhooks.md, Signature scheme, 2023-11.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

TOLERANCE_S = 300
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def find_fault(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now_s: int
) -> str | None:
    """What is wrong with a request; None for one that one of the secrets has signed, and not long ago."""
    missing = [name for name in HEADERS if not headers.get(name)]
    if missing:
        return f"{missing[0]} is missing"
    message_id, stamp, signatures = (headers[name] for name in HEADERS)
    if not (stamp.isascii() and stamp.isdecimal()) or abs(int(stamp) - now_s) > TOLERANCE_S:
        return "webhook-timestamp is not of the last five minutes"
    signed = b"%s.%s.%s" % (message_id.encode("latin-1"), stamp.encode(), body)
    wanted = [_sign(secret, signed) for secret in secrets]
    given = [text.removeprefix("v1,") for text in signatures.split() if text.startswith("v1,")]
    if any(hmac.compare_digest(one.encode(), other.encode()) for one in given for other in wanted):
        return None
    return "webhook-signature is of another secret, or of another message"


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
