"""What arrives over a pipe, cut into lines."""

from __future__ import annotations

from collections.abc import Callable


class Lines:
    """Hands on each line with its newline, or None for one over `limit_bytes`."""

    def __init__(self, limit_bytes: int, take: Callable[[bytes | None], None]) -> None:
        self._limit_bytes = limit_bytes
        self._take = take
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        start = 0
        while (end := data.find(b"\n", start) + 1) > 0:
            self._keep(data[start:end])
            self._finish()
            start = end
        if start < len(data):
            self._keep(data[start:])

    def end(self) -> None:
        """Nothing more comes: what has no newline is a line, too."""
        if self._size:
            self._finish()

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self._limit_bytes:
            self._parts.append(part)
        else:
            self._parts.clear()

    def _finish(self) -> None:
        line = b"".join(self._parts) if self._size <= self._limit_bytes else None
        self._parts.clear()
        self._size = 0
        self._take(line)
