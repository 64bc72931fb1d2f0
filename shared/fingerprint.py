"""A keyed hash of the package and its settings: whether what made a start fail may have been mended since."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from msgspec.structs import astuple

from shared.settings import CREDENTIAL_NAMES, Settings

CODE = Path(__file__).parent


def take_fingerprint(settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """32 hexadecimal digits for this code, these rules, settings and permanent credentials.

    A run role's credentials rotate and are left out. The hash is keyed, so that no key can be tried
    out against it.
    """
    permanent = tuple(environ.get(name) for name in CREDENTIAL_NAMES[1])
    key = settings.applications[0].secret_key.encode()
    given = [astuple(one) for one in (settings, *settings.applications)]
    return _hash(repr((permanent, given)), key, settings.rules_file)


@lru_cache(maxsize=4)
def _hash(text: str, key: bytes, rules_file: str) -> str:
    digest = hashlib.blake2b(text.encode(), key=hashlib.sha256(key).digest(), digest_size=16)
    for path in [Path(rules_file), *sorted(CODE.rglob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()
