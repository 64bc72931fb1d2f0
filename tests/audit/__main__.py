"""`make audit`: no key in the repository, nor in the packages (.zip) and outputs of runs that are named.

`--accept` takes all that is found in the repository, and in packages that are named, for known.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import tomli

from local.development import ROOT
from tests.audit.scan import (
    KNOWN,
    check_log,
    list_unknown,
    name_all,
    read_known,
    scan_archive,
    scan_repository,
)

MEETING = ROOT / "local" / "scenarios" / "meeting.toml"
ADVICE = "no key may be there; of what is none: make audit ARGS=--accept"


def main() -> int:
    """1 when anything new was found anywhere; each is a line."""
    paths = [Path(argument) for argument in sys.argv[1:] if argument != "--accept"]
    if "--accept" in sys.argv:
        accept(paths)
        return 0
    found = list_unknown(scan_repository())
    for path in paths:
        is_archive = path.suffix == ".zip"
        found += list_unknown(scan_archive(path)) if is_archive else check_log(path, list_spoken())
    print("\n".join([*found, ADVICE] if found else ["no keys found"]))
    return int(bool(found))


def list_spoken() -> Iterator[str]:
    """All that is said in the meeting that `make run` plays, in every language."""
    for step in tomli.loads(MEETING.read_text(encoding="utf-8"))["step"]:
        if "text" in step:
            yield from (step["text"], *step.get("translations", {}).values())


def accept(archives: Iterable[Path]) -> None:
    """Take all that is found for known, and of packages' files also what was known before."""
    known = {name: hashes for name, hashes in read_known().items() if not (ROOT / name).exists()}
    for archive in archives:
        known |= name_all(scan_archive(archive))
    known |= name_all(scan_repository())
    KNOWN.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
