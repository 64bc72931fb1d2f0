"""Bytecode that stays valid in a zip, made by an interpreter of SCF's own version."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from local.development import ROOT
from local.errors import LocalError
from local.package.contents import Files
from local.package.dependencies import SCF_PYTHON

COMPILER = Path(__file__).with_name("compiling.py")
FINDER = ROOT / ".ci" / "find-python"


def find_python(name: str | None) -> str | None:
    """The interpreter that makes the bytecode; None where none was named and none is found."""
    python = _run("sh", str(FINDER), name or f"python{SCF_PYTHON}")
    if python and read_version(python) == SCF_PYTHON:
        return python
    if name:
        raise LocalError(f"--python: {name} is not a Python {SCF_PYTHON} that runs")
    return None


def read_version(python: str) -> str:
    """The version of an interpreter, like 3.10; empty where it does not run."""
    return _run(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")


def compile_files(files: Files, python: str) -> dict[str, bytes]:
    """The bytecode of every .py among the files, by its path in the zip.

    Each is valid whatever the time stamp of its source is: the import system never looks at it.
    """
    with tempfile.TemporaryDirectory() as folder:
        sources = {name: data for name, data in files.items() if name.endswith(".py")}
        for name, data in sources.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        made = _compile(python, folder, sorted(sources))
        return {name: Path(folder, name).read_bytes() for name in made}


def _compile(python: str, folder: str, names: list[str]) -> list[str]:
    done = subprocess.run(  # noqa: S603  an interpreter that the person at the keyboard named
        [python, "-s", "-S", str(COMPILER), folder],
        input=json.dumps(names),
        capture_output=True,
        text=True,
        check=False,
        # Sets are written in the order of their hashes: the same in every run.
        env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"},
    )
    if done.returncode != 0:
        raise LocalError(f"{python} could not compile the package: {done.stderr.strip()[-500:]}")
    made: list[str] = json.loads(done.stdout)
    return made


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
