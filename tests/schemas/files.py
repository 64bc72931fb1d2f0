"""The schemas in docs/schemas, and those of each release."""

from __future__ import annotations

import json
from pathlib import Path

from local.development import ROOT
from shared.scf import Json

SCHEMAS = ROOT / "docs" / "schemas"
RELEASED = ROOT / "tests" / "schemas" / "released"
SUFFIX = ".schema.json"


def read_schemas(folder: Path) -> dict[str, Json]:
    """The schemas in a folder, by their names without the ending; such as "console/describe_room"."""
    return {
        path.relative_to(folder).as_posix().removesuffix(SUFFIX): json.loads(
            path.read_text(encoding="utf-8")
        )
        for path in sorted(folder.rglob(f"*{SUFFIX}"))
    }


def find_last_release() -> str:
    """The version of the newest release of which the schemas are kept, such as "1.0.0"."""
    versions = [path.name for path in RELEASED.iterdir()]
    return max(versions, key=lambda version: [int(part) for part in version.split(".")])
