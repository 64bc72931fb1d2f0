"""A function's code: the zip of a request, unpacked as SCF does it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.cloud.errors import ApiError

MB = 1024 * 1024
MAX_ZIP_BYTES = 50 * MB  # Source: SCF API 2018-04-16, Code.ZipFile
MAX_OLD_ZIP_BYTES = 20 * MB  # Source: the same, UpdateFunctionCode.ZipFile
MAX_UNPACKED_BYTES = 500 * MB  # Source: SCF documentation, limits (product 583, document 11637)

COMPILED = re.compile(r"\.cpython-3(\d+)-")  # in the name of a compiled module. Source: PEP 3149


@dataclass(frozen=True)
class Code:
    """An unpacked zip, and the zip itself; `size` and `sha256` are the zip's, in bytes and hexadecimal."""

    folder: Path
    archive: Path
    size: int
    sha256: str

    def has(self, handler: str) -> bool:
        """Whether the file of a handler is in it."""
        return (self.folder / f"{handler.partition('.')[0]}.py").is_file()

    def list_versions(self) -> set[str]:
        """The versions of Python, like 3.10, for which modules in it are compiled; none where none is."""
        found = (COMPILED.search(path.name) for path in self.folder.rglob("*.so"))
        return {f"3.{match[1]}" for match in found if match}


def read_zip(asked: Mapping[str, Any]) -> bytes:
    """The zip of a request, `Code.ZipFile` or the older `ZipFile`; raises ApiError."""
    if "ZipFile" in asked:
        text, limit = asked["ZipFile"], MAX_OLD_ZIP_BYTES
    else:
        text, limit = asked.get("Code", {}).get("ZipFile"), MAX_ZIP_BYTES
    if not text:
        raise ApiError("InvalidParameterValue.Code", "Here code comes as `Code.ZipFile` only.")
    try:
        archive = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        code = "InvalidParameterValue.ZipFileBase64BinasciiError"
        raise ApiError(code, "ZipFile must be base64.") from None
    if len(archive) > limit:
        words = f"The zip has more than {limit // MB} MB."
        raise ApiError("InvalidParameterValue.ZipFile", words)
    return archive


def unpack(archive: bytes, folder: Path) -> Code:
    """Unpack a zip into a new folder; raises ApiError for what is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if sum(info.file_size for info in opened.infolist()) > MAX_UNPACKED_BYTES:
                words = f"The code has more than {MAX_UNPACKED_BYTES // MB} MB."
                raise ApiError("InvalidParameterValue.ZipFile", words)
            folder.mkdir(parents=True)
            opened.extractall(folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise ApiError("InvalidParameterValue.ZipFile", "ZipFile must be a zip.") from None
    kept = folder.with_suffix(".zip")
    kept.write_bytes(archive)
    return Code(folder, kept, len(archive), hashlib.sha256(archive).hexdigest())
