"""A zip of which every byte follows from the files in it: no time, no order, no machine."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from local.package.contents import Files

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date a zip can tell
MODE = 0o100644  # a regular file that everybody may read: SCF runs functions as a user of its own
UNIX = 3


def write_file(data: bytes, path: Path) -> bytes:
    """Write a file in the place of an older one, never half of it; returns the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(data)
    unfinished.replace(path)
    return data


def pack_files(files: Files) -> bytes:
    """The zip in memory."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(describe_file(name), files[name], zipfile.ZIP_DEFLATED, 9)
    return memory.getvalue()


def describe_file(name: str) -> zipfile.ZipInfo:
    """What the zip says of a file."""
    info = zipfile.ZipInfo(name, EPOCH)
    info.create_system = UNIX
    info.external_attr = MODE << 16
    return info
