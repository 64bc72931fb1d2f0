"""The package as SCF runs it: unpacked, nobody writes to it, nothing else is on the path."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from local.development import ROOT
from local.host.scf_runtime import Limits, describe_context
from local.package.archive import pack_files
from local.package.bytecode import compile_files, find_python
from local.package.contents import collect_files
from tests.support.openssl import require_openssl

PATIENCE_S = 60.0
# What SCF's own bootstrap does; then it tells which files the imported modules came from.
BOOTSTRAP = """
import importlib, json, sys
name, told = sys.argv[1:]
handler = importlib.import_module(name).main_handler
results = [handler(call["event"], call["context"]) for call in json.load(sys.stdin)]
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
with open(told, "w") as out:
    json.dump({"results": results, "files": [file for file in files if file]}, out)
"""


@dataclass(frozen=True)
class Ran:
    """What some runs of a function in one instance returned, logged and imported."""

    results: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    files: list[Path]


@dataclass(frozen=True)
class Package:
    """An unpacked package, and the interpreter that its bytecode is for."""

    folder: Path
    python: str
    archive: bytes

    def run(self, function: str, *events: object, settings: Mapping[str, str], told: Path) -> Ran:
        """A cold start, and one run for each event; the folder is as it was afterwards."""
        before = self._look()
        context = describe_context(function, Limits(10, 64), "4ca7089c-3bb0-48cf-bcdb-26d130fed2ae")
        done = subprocess.run(
            [self.python, "-S", "-s", "-c", BOOTSTRAP, function, str(told)],
            input=json.dumps([{"event": event, "context": context} for event in events]),
            cwd=self.folder,
            env=self._describe_environment(settings),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert self._look() == before
        answer = json.loads(told.read_text())
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return Ran(answer["results"], lines, [Path(file) for file in answer["files"]])

    def _describe_environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Source: SCF documentation, environment variables (product 583, document 30228)."""
        return {
            "PATH": os.environ["PATH"],
            "LANG": "en_US.UTF8",
            "LC_ALL": "en_US.UTF8",
            "PYTHONDONTWRITEBYTECODE": "x",
            "PYTHONPATH": f"{self.folder}:/opt",
            "TENCENTCLOUD_RUNENV": "SCF",
            "USER_CODE_ROOT": f"{self.folder}/",
            **settings,
        }

    def _look(self) -> dict[Path, tuple[int, int]]:
        """Every file and folder, with its time and size."""
        found = {path: path.stat() for path in self.folder.rglob("*")}
        return {path: (status.st_mtime_ns, status.st_size) for path, status in found.items()}


def unpack_package(folder: Path) -> Package:
    """The package that ROOMSCRIBE_PACKAGE names, for SCF's Python; else one of what is installed here."""
    given = os.environ.get("ROOMSCRIBE_PACKAGE")
    python = find_python(None) if given else sys.executable
    if python is None:
        pytest.skip("no Python 3.10 runs here, and the package is for that one")
    archive = Path(given).read_bytes() if given else build_package(folder / "installed", python)
    code = folder / "var" / "user"
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(code)
    for path in sorted(code.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return Package(code, python, archive)


def build_package(installed: Path, python: str) -> bytes:
    """Assemble one from this environment's own packages: no network, this Python's bytecode."""
    require_openssl()
    copy_dependencies(installed)
    files = collect_files(ROOT, installed, site="international")
    return pack_files(files | compile_files(files, python))


def copy_dependencies(folder: Path) -> None:
    """What requirements.txt names, as `pip install --target` would lay it out."""
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        name = re.match(r"[\w.-]+(?===)", line)
        for file in distribution(name[0]).files or () if name else ():
            target = folder / file
            if ".." not in file.parts and file.suffix != ".pyc":
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)
