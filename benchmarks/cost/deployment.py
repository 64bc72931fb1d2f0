"""Lays out what is measured as SCF would unpack it: our package, and the peers with and without bytecode."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.development import ROOT
from local.package.archive import pack_files
from local.package.bytecode import FINDER, compile_files
from local.package.certificates import hash_bundle
from local.package.contents import REDIS, collect_files
from local.package.dependencies import CACHE, SCF_PYTHON, install_dependencies, name_package
from local.package.licences import BUNDLE

PEERS = ROOT / "benchmarks" / "peers"
NEWEST_FIRST = ("3.14", "3.13", "3.12", "3.11")


@dataclass(frozen=True)
class Deployment:
    """Folders for one version of Python; `archive` is the package as it was zipped."""

    version: str
    python: str
    ours: Path
    peers: Path
    peers_uncompiled: Path
    archive: bytes
    archive_without_redis: bytes


def find_pythons() -> list[tuple[str, str]]:
    """(version, interpreter): SCF's, and the newest there is; whichever of them runs here."""
    newest = next((version for version in NEWEST_FIRST if _find(version)), None)
    return [
        (version, python)
        for version in (SCF_PYTHON, newest)
        if version and (python := _find(version))
    ]


def deploy(folder: Path, version: str, python: str, certificate: Path) -> Deployment:
    """Everything for that Python, trusting the certificate beside all the others."""
    dependencies = install_dependencies(ROOT / "requirements.lock", CACHE, version)
    files = collect_files(ROOT, dependencies, site="international")
    files |= compile_files(files, python)
    small = {name: data for name, data in files.items() if name_package(name) not in REDIS}
    ours = _unpack(pack_files(files), folder / "ours")
    trust(ours, certificate)
    installed = install_dependencies(PEERS / "requirements.lock", CACHE, version)
    uncompiled = copy_peers(installed, folder / "uncompiled", certificate)
    compiled = folder / "compiled"
    shutil.copytree(uncompiled, compiled)
    _compile_folder(compiled, python)
    return Deployment(
        version, python, ours, compiled, uncompiled, pack_files(files), pack_files(small)
    )


def describe_environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """What SCF sets, and the settings. Source: SCF documentation (product 583, document 30228)."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "en_US.UTF8",
        "LC_ALL": "en_US.UTF8",
        "PYTHONDONTWRITEBYTECODE": "x",
        "PYTHONPATH": f"{folder}:/opt",
        "TENCENTCLOUD_RUNENV": "SCF",
        **settings,
    }


def trust(package: Path, certificate: Path) -> None:
    """Put a certificate beside the package's own."""
    for name, pem in hash_bundle(certificate.read_text()).items():
        (package / "ca" / name).write_bytes(pem)


def copy_peers(installed: Path, folder: Path, certificate: Path) -> Path:
    """Sources only: what `pip install --target` and a zip made elsewhere come to."""
    shutil.copytree(
        installed, folder, ignore=shutil.ignore_patterns("__pycache__", "*.dist-info", "bin")
    )
    for path in PEERS.glob("*.py"):
        shutil.copyfile(path, folder / f"peer_{path.name}")
    bundle = folder / BUNDLE
    bundle.write_text(bundle.read_text() + certificate.read_text().partition("-----BEGIN PRIV")[0])
    return folder


def _find(version: str) -> str:
    command = ["sh", str(FINDER), f"python{version}"]  # whatever sh is on the path
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip()


def _unpack(archive: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(folder)
    return folder


def _compile_folder(folder: Path, python: str) -> None:
    subprocess.run(  # noqa: S603  an interpreter found here
        [
            *(python, "-m", "compileall", "-q", "-j", "0"),
            *("--invalidation-mode", "unchecked-hash", str(folder)),
        ],
        check=True,
    )
