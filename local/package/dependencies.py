"""What requirements.lock names, installed for SCF's machine whatever the one at hand is."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from local.development import ROOT
from local.errors import LocalError
from local.package.pip import clean_environment

SCF_PYTHON = "3.10"  # Source: SCF documentation, runtimes (product 583, document 11061)
PLATFORM = "manylinux2014_x86_64"
SOURCE_ONLY = "tls-sig-api-v2"  # it has no wheel; it is one Python file
OPTIONS = (
    *("--require-hashes", "--no-deps", "--no-compile", "--quiet", "--disable-pip-version-check"),
    *("--no-build-isolation", "--use-pep517"),  # built with what requirements-build.lock installed
    *("--implementation", "cp", "--platform", PLATFORM),
    *("--only-binary=:all:", "--no-binary", SOURCE_ONLY),
)
CACHE = ROOT / ".roomscribe" / "dependencies"


def install_dependencies(lock: Path, cache: Path, python: str = SCF_PYTHON) -> Path:
    """The folder in which everything is installed; pip is asked once for each version of the lock.

    `python` is the version of the interpreter that will run it.
    """
    options = (*OPTIONS, "--python-version", python)
    stamp = hashlib.sha256(lock.read_bytes() + repr(options).encode()).hexdigest()[:16]
    folder = cache / stamp
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as unfinished:
        _run_pip(lock, Path(unfinished) / "all", options)
        shutil.move(Path(unfinished) / "all", folder)
    return folder


def list_modules(folder: Path) -> Iterator[Path]:
    """The files that run: no type stubs, no metadata, no scripts, no tests, no bytecode made here."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix in (".py", ".so", ".pem") and not _is_aside(parts):
            yield path


def name_package(path: str) -> str:
    """Which installed thing a file belongs to, by where it lies: its top folder or module."""
    return path.partition("/")[0].removesuffix(".py")


def _run_pip(lock: Path, target: Path, options: Sequence[str]) -> None:
    command = [sys.executable, "-m", "pip", "install", *options]
    command += ["--requirement", str(lock), "--target", str(target)]
    environ = clean_environment(os.environ)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)  # noqa: S603
    if done.returncode != 0:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise LocalError(f"pip could not install {lock.name}: {' '.join(reasons[-2:])}")


def _is_aside(parts: tuple[str, ...]) -> bool:
    return (
        parts[0] == "bin"
        or parts[0].endswith(".dist-info")
        or any(part in ("__pycache__", "tests") for part in parts)
    )
