"""How large the package is, and whose its bytes are."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping

from local.development import FUNCTIONS_DIR
from local.package.contents import REDIS

OURS = {
    "shared",
    "rules.toml",
    "rules.toml.prepared.json",
    *(path.name for path in FUNCTIONS_DIR.glob("*.py")),
}
LEGAL = ("LICENSE", "NOTICE", "LICENSES.txt")
NAMES = {"ca": "root certificates", **dict.fromkeys(LEGAL, "licences")}
HEADERS = 30 + 46  # bytes of the two that each file has in a zip, before its name in both


def describe_package(archive: bytes) -> Iterator[str]:
    """The report's lines: each part, the largest first; all of it; and what it is without Redis."""
    zipped, unpacked = measure(archive)
    for name, size in zipped.most_common():
        yield _write_line(name, size, unpacked[name])
    everything, all_unpacked = len(archive), sum(unpacked.values())
    yield _write_line("all of it", everything, all_unpacked)
    if any(zipped[name] for name in REDIS):
        without = everything - _add_up(zipped), all_unpacked - _add_up(unpacked)
        yield _write_line("without Redis", *without)
    yield f"sha256 {hashlib.sha256(archive).hexdigest()}"


def measure(archive: bytes) -> tuple[Counter[str], Counter[str]]:
    """The bytes of each part of a package: what it takes in the zip, and unpacked."""
    zipped: Counter[str] = Counter()
    unpacked: Counter[str] = Counter()
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for info in opened.infolist():
            owner = name_owner(info.filename)
            zipped[owner] += info.compress_size + HEADERS + 2 * len(info.filename)
            unpacked[owner] += info.file_size
    return zipped, unpacked


def name_owner(path: str) -> str:
    """Whose a file is: Roomscribe's, or the installed package's that its top folder is named after."""
    top, _, rest = path.partition("/")
    if top == "__pycache__":
        top = rest.partition(".")[0] + ".py"
    return "Roomscribe" if top in OURS else NAMES.get(top, top.removesuffix(".py"))


def _add_up(sizes: Mapping[str, int]) -> int:
    return sum(sizes[name] for name in REDIS)


def _write_line(name: str, zipped: int, unpacked: int) -> str:
    return f"{name:<24}{zipped / 1e6:8.3f} MB zipped{unpacked / 1e6:8.3f} MB unpacked"
