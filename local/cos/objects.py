"""The objects of a bucket: in memory, or in a folder where they outlive the process."""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Protocol

from fastcrc import crc64

from local.cos.errors import CosError

DEFAULT_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class StoredObject:
    """An object without its bytes; `headers` are those that it was put with, names in lower case."""

    key: str
    size: int
    md5: str
    crc64: str
    modified_at_ms: int
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        """The MD5 of its bytes, in quotes. Source: COS document 436/7749, for objects of one PUT."""
        return f'"{self.md5}"'

    @property
    def modified_s_ms(self) -> int:
        """When it was put, in ms but cut to the second, which is all that an HTTP date says."""
        return self.modified_at_ms // 1000 * 1000

    @property
    def last_modified(self) -> str:
        """When it was put, as an HTTP date."""
        return formatdate(self.modified_at_ms // 1000, usegmt=True)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", DEFAULT_TYPE)


class Shelf(Protocol):
    """Where objects lie."""

    def load(self) -> Iterable[StoredObject]:
        """What lies there from earlier."""

    def read(self, stored: StoredObject) -> bytes:
        """An object's bytes."""

    def save(self, stored: StoredObject, body: bytes, before: StoredObject | None) -> None:
        """Keep an object, in place of the one that had its key `before`."""

    def remove(self, stored: StoredObject) -> None:
        """Keep an object no longer."""


class MemoryShelf:
    """Objects that end with the process."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    def load(self) -> Iterable[StoredObject]:
        return ()

    def read(self, stored: StoredObject) -> bytes:
        return self._bodies[stored.key]

    def save(self, stored: StoredObject, body: bytes, before: StoredObject | None) -> None:  # noqa: ARG002  written over
        self._bodies[stored.key] = body

    def remove(self, stored: StoredObject) -> None:
        del self._bodies[stored.key]


class Objects:
    """All objects by key, `max_bytes` at most together."""

    def __init__(self, shelf: Shelf, max_bytes: int) -> None:
        self._shelf = shelf
        self._max_bytes = max_bytes
        self._stored = {stored.key: stored for stored in shelf.load()}
        self._bytes = sum(stored.size for stored in self._stored.values())

    def put(self, key: str, body: bytes, headers: Mapping[str, str], now_ms: int) -> StoredObject:
        """Keep an object; raises CosError where it would be too much."""
        before = self._stored.get(key)
        held = self._bytes - (before.size if before else 0) + len(body)
        if held > self._max_bytes:
            raise CosError("InternalError", "The local cloud's bucket is full; delete something.")
        md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
        stored = StoredObject(key, len(body), md5, str(crc64.xz(body)), now_ms, headers)
        self._shelf.save(stored, body, before)
        self._stored[key] = stored
        self._bytes = held
        return stored

    def find(self, key: str) -> StoredObject | None:
        """An object, None when there is none."""
        return self._stored.get(key)

    def read(self, stored: StoredObject) -> bytes:
        """An object's bytes."""
        return self._shelf.read(stored)

    def delete(self, key: str) -> StoredObject | None:
        """Keep it no longer; what it was, None when there was none."""
        stored = self._stored.pop(key, None)
        if stored:
            self._shelf.remove(stored)
            self._bytes -= stored.size
        return stored

    def list(self) -> list[StoredObject]:
        """All of them, by the UTF-8 order of their keys."""
        return [self._stored[key] for key in sorted(self._stored)]


def check_digest(content_md5: str | None, body: bytes) -> None:
    """Raise CosError InvalidDigest or BadDigest where a Content-MD5 is not that of the body."""
    if content_md5 is None:
        return
    try:
        given = base64.b64decode(content_md5, validate=True)
    except (binascii.Error, ValueError):
        raise CosError("InvalidDigest") from None
    if len(given) != 16:
        raise CosError("InvalidDigest")
    if given != hashlib.md5(body, usedforsecurity=False).digest():
        raise CosError("BadDigest")
