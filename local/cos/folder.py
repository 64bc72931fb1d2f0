"""Objects in a folder: a file for each one's bytes, named by hashes, and a JSON file for the rest."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from local.cos.objects import StoredObject


class FolderShelf:
    """Keeps objects in `folder`, which nobody else may use meanwhile.

    The JSON file names the bytes by their MD5, and is replaced at once: a process that is killed leaves
    the object as it was or as it is to be, and at worst a file of bytes that the next start removes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def load(self) -> Iterator[StoredObject]:
        """What lies there; files of bytes that no object names are removed."""
        named = set()
        for path in self._folder.glob("*.json"):
            stored = StoredObject(**json.loads(path.read_text(encoding="utf-8")))
            if self._find_body(stored).exists():
                named.add(self._find_body(stored))
                yield stored
        for path in {*self._folder.glob("*.bin")} - named:
            path.unlink()

    def read(self, stored: StoredObject) -> bytes:
        return self._find_body(stored).read_bytes()

    def save(self, stored: StoredObject, body: bytes, before: StoredObject | None) -> None:
        self._find_body(stored).write_bytes(body)
        described = self._find(stored, ".json")
        temporary = described.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(stored)), encoding="utf-8")
        temporary.replace(described)
        if before and before.md5 != stored.md5:
            self._find_body(before).unlink()

    def remove(self, stored: StoredObject) -> None:
        self._find(stored, ".json").unlink()
        self._find_body(stored).unlink()

    def _find(self, stored: StoredObject, ending: str) -> Path:
        return self._folder / f"{hashlib.sha256(stored.key.encode()).hexdigest()}{ending}"

    def _find_body(self, stored: StoredObject) -> Path:
        return self._find(stored, f"-{stored.md5}.bin")
