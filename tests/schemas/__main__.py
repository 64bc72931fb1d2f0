"""`make schemas`: write docs/schemas as the code has them; `--release` keeps a copy for this version."""

from __future__ import annotations

import shutil
import sys

from shared import VERSION
from tests.schemas.documents import make_schemas, write_schema
from tests.schemas.files import RELEASED, SCHEMAS, SUFFIX


def main() -> None:
    """Write every schema, and remove the file of one that is no more."""
    shutil.rmtree(SCHEMAS)
    for name, schema in make_schemas().items():
        path = SCHEMAS / f"{name}{SUFFIX}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write_schema(schema), encoding="utf-8")
    if "--release" in sys.argv:
        shutil.copytree(SCHEMAS, RELEASED / VERSION, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
