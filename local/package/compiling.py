"""The program that makes bytecode; run by SCF's version of Python, so it imports nothing of ours.

`python compiling.py FOLDER`: a JSON list of files in FOLDER comes on stdin, and that of the files
made goes to stdout.
"""

import importlib.util
import json
import os
import py_compile
import sys

CODE_ROOT = "/var/user"  # where SCF unpacks the zip: what a traceback names


def main() -> None:
    """Compile all of them, in order; a file that is no Python ends it."""
    folder, made = sys.argv[1], []
    for name in json.load(sys.stdin):
        path = os.path.join(folder, name)
        written = py_compile.compile(
            path,
            importlib.util.cache_from_source(path),
            os.path.join(CODE_ROOT, name),
            doraise=True,
            optimize=0,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        made.append(os.path.relpath(str(written), folder))
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    main()
