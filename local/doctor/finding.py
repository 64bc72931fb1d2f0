"""What a check found: one line, with the remedy where something is to be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

GUIDE = "docs/deploy.md"

Level = Literal["ok", "warn", "FAIL"]
LEVELS: Mapping[str, Level] = {
    "ok": "ok",
    "warn": "warn",
}  # as functions write them; all else is FAIL


@dataclass(frozen=True)
class Finding:
    """The result of a check; `place` is the heading of the guide that says more."""

    level: Level
    check: str
    text: str
    remedy: str = ""
    place: str = ""

    def __str__(self) -> str:
        remedy = f". Remedy: {self.remedy} ({GUIDE}#{self.place})" if self.remedy else ""
        return f"{self.level:<5} {self.check:<13}{self.text}{remedy}"


def has_failed(findings: Iterable[Finding]) -> bool:
    """Whether anything must be mended before this works."""
    return any(finding.level == "FAIL" for finding in findings)
