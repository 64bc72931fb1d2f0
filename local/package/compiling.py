"""The program that makes bytecode; run by SCF's version of Python, so it imports nothing of ours.

`python compiling.py FOLDER`: a JSON list of files in FOLDER comes on stdin, and that of the files
made goes to stdout.
"""

import importlib.util
import json
import py_compile
import sys
from pathlib import Path

CODE_ROOT = "/var/user"  # where SCF unpacks the zip: what a traceback names


def main() -> None:
    """Compile all of them, in order; a file that is no Python ends it."""
    folder = Path(sys.argv[1])
    made = [compile_file(folder, name) for name in json.load(sys.stdin)]
    json.dump(made, sys.stdout)


def compile_file(folder: Path, name: str) -> str:
    """Compile one; the path of the bytecode in the folder."""
    source = folder / name
    target = Path(importlib.util.cache_from_source(str(source)))
    try:
        py_compile.compile(
            str(source),
            str(target),
            f"{CODE_ROOT}/{name}",
            doraise=True,
            optimize=0,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    except py_compile.PyCompileError as error:
        sys.exit(f"{name}: {error.exc_value}")
    return target.relative_to(folder).as_posix()


if __name__ == "__main__":
    main()
