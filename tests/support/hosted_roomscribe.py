"""Roomscribe's own functions in real processes, with either engine of the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.hosted_cloud import HostedCloud
from tests.support.signed_callbacks import RULES

OpenHouse = Callable[..., HostedCloud]
ENGINES = ("sqlite", "redis")
# A room of each service, by the rules of signed_callbacks.py.
CLOUD_ROOM, AI_ROOM = "lobby", "ai-lobby"


def write_rules(folder: Path) -> Path:
    """The rules of these tests, in a file."""
    path = folder / "rules.toml"
    path.write_text(RULES)
    return path
