"""Where the host tells what happens: the emulator's live feed, or a test's own record."""

from __future__ import annotations

from typing import Protocol


class Publisher(Protocol):
    """Takes entries."""

    def publish(self, kind: str, **fields: object) -> None:
        """Make an entry known."""
