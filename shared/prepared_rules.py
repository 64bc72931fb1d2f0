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
from shared.rules import Rules

SUFFIX = ".prepared.json"  # rules.toml.prepared.json


class Prepared(msgspec.Struct, frozen=True):
    """Rules, and the digest of the text that they were; another text is not what they stand for."""

    digest: str
    rules: Rules


def load_rules(path: str) -> Rules:
    """The rules in the file at `path`, read once for each version of it; raises RulesError."""
    try:
        stamp = os.stat(path)  # noqa: PTH116  at every event: half of what pathlib takes
    except OSError as error:
        raise RulesError([f"{path}: cannot be read; set RULES_FILE to a rules.toml"]) from error
    return _load(path, stamp.st_mtime_ns, stamp.st_size)


def prepare_rules(text: str, file: str = "rules.toml") -> bytes:
    """What the package holds beside a rules.toml of that text; raises RulesError."""
    from shared.rules_file import parse_rules

    return msgspec.json.encode(Prepared(_digest(text), parse_rules(text, file)))


@lru_cache(maxsize=4)
def _load(path: str, _mtime_ns: int, _size: int) -> Rules:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError([f"{path}: cannot be read as UTF-8 text"]) from error
    return _read_prepared(path, text) or _parse(path, text)


def _read_prepared(path: str, text: str) -> Rules | None:
    """None when there is nothing prepared, or it was made from another text."""
    try:
        prepared = msgspec.json.decode(Path(path + SUFFIX).read_bytes(), type=Prepared)
    except (OSError, msgspec.MsgspecError):
        return None
    return prepared.rules if prepared.digest == _digest(text) else None


def _parse(path: str, text: str) -> Rules:
    from shared.rules_file import parse_rules  # late: TOML, and all that checks it

    return parse_rules(text, path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
