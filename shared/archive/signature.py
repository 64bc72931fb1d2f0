"""COS's signature of a request, as its Authorization header has it.

Source: COS documentation, Request Signature (product 436, document 7778), 2024-12.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

from shared.settings import Credentials

EARLY_S, VALID_S = 60, 600  # the clocks may differ by a minute


def sign_request(
    method: str,
    path: str,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    credentials: Credentials,
    now_s: int,
) -> str:
    """The Authorization of a request that has these headers, all of them signed.

    `path` begins with a slash and is not percent-encoded; `now_s` is in seconds since 1970.
    """
    window = f"{now_s - EARLY_S};{now_s + VALID_S}"
    param_names, param_text = _join(params)
    header_names, header_text = _join(headers)
    request = f"{method.lower()}\n{path}\n{param_text}\n{header_text}\n"
    digest = hashlib.sha1(request.encode(), usedforsecurity=False).hexdigest()
    sign_key = _hash(credentials.secret_key, window)
    signature = _hash(sign_key, f"sha1\n{window}\n{digest}\n")
    return (
        f"q-sign-algorithm=sha1&q-ak={credentials.secret_id}&q-sign-time={window}&q-key-time={window}"
        f"&q-header-list={header_names}&q-url-param-list={param_names}"
        f"&q-signature={signature}"
    )


def _join(pairs: Mapping[str, str]) -> tuple[str, str]:
    """The names in lower case, and names with values; percent-encoded, in the order of the names."""
    encoded = sorted((quote(name, "").lower(), quote(pairs[name], "")) for name in pairs)
    return ";".join(name for name, _ in encoded), "&".join(map("=".join, encoded))


def _hash(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha1).hexdigest()
