"""JSON from outside: half a character in it becomes U+FFFD, and names are read in any spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from shared.scf import Json

SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
HALF_PAIR = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"  # Source: Unicode Standard, chapter 3.9: what stands for ill-formed text


def mend_json(body: bytes) -> bytes:
    """The JSON with U+FFFD for bytes that are no UTF-8, and for escapes of half a surrogate pair.

    What is whole, or is no JSON at all, comes back as it is.
    """
    text = body.decode("utf-8", "replace")
    if SURROGATE_ESCAPE.search(text):  # the pair of an emoji is a good one; only a parser can tell
        try:
            text = json.dumps(json.loads(text), ensure_ascii=False)
        except (ValueError, RecursionError):
            return body
    return HALF_PAIR.sub(REPLACEMENT, text).encode()


def fold_names(value: object) -> Json:
    """An object whose names are spelled alike: RoundId, round_id and roundid are one; {} for any other."""
    if not isinstance(value, Mapping):
        return {}
    return {str(name).replace("_", "").lower(): content for name, content in value.items()}
