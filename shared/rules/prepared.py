"""rules.toml for the functions: the package has it checked already, beside the text it was made from.

Parsing and checking the shipped rules takes 15 ms of a cold start, reading what was made of them 0.1 ms.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

import msgspec

from shared.errors import RulesError
from shared.rules.decision import Rules
from shared.site import Site

SUFFIX = ".prepared.json"  # rules.toml.prepared.json


class Prepared(msgspec.Struct, frozen=True):
    """Rules, the digest of the text that they were, and the site whose API they were checked for."""

    digest: str
    site: Site
    rules: Rules


def load_rules(path: str, site: Site) -> Rules:
    """The rules in the file at `path`, read once for each version of it; raises RulesError."""
    try:
        stamp = os.stat(path)  # noqa: PTH116  at every event: half of what pathlib takes
    except OSError as error:
        raise RulesError([f"{path}: cannot be read; set RULES_FILE to a rules.toml"]) from error
    return _load(path, stamp.st_mtime_ns, stamp.st_size, site)


def prepare_rules(text: str, site: Site) -> bytes:
    """What the package holds beside a rules.toml of that text; raises RulesError."""
    return msgspec.json.encode(Prepared(_digest(text), site, _parse("rules.toml", text, site)))


def read_text(path: str | Path) -> str:
    """The text of a rules file, without a byte order mark; raises RulesError."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError([f"{path}: cannot be read; save it as UTF-8 (not UTF-16)"]) from error


@lru_cache(maxsize=4)
def _load(path: str, _mtime_ns: int, _size: int, site: Site) -> Rules:
    text = read_text(path)
    return _read_prepared(path, text, site) or _parse(path, text, site)


def _read_prepared(path: str, text: str, site: Site) -> Rules | None:
    """None when there is nothing prepared, or not of this text and site; what suits one suits an unknown."""
    try:
        prepared = msgspec.json.decode(Path(path + SUFFIX).read_bytes(), type=Prepared)
    except (OSError, msgspec.MsgspecError):
        return None
    suits = site in (prepared.site, "unknown") and prepared.digest == _digest(text)
    return prepared.rules if suits else None


def _parse(path: str, text: str, site: Site) -> Rules:
    from shared.rules.file import parse_rules  # late: TOML, and all that checks it

    return parse_rules(text, path, site)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
