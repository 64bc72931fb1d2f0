"""What stands in the package: every file by its path in the zip, with its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local.errors import LocalError
from local.package.certificates import hash_bundle
from local.package.dependencies import list_modules, name_package, read_licences

Files = Mapping[str, bytes]

REDIS = ("redis", "async_timeout")  # what only LEDGER_URL=redis://… needs
BUNDLE = "certifi/cacert.pem"
OURS = (".py", ".sql", ".html", ".css", ".js")


def collect_files(root: Path, dependencies: Path, *, redis: bool = True) -> dict[str, bytes]:
    """All of it but the bytecode: entry files at the top, as SCF wants them."""
    installed = _collect_dependencies(dependencies, redis=redis)
    certificates = hash_bundle(installed[BUNDLE].decode("ascii"))
    ours = {
        **{path.name: path.read_bytes() for path in (root / "functions").glob("*.py")},
        **_collect_shared(root),
        "rules.toml": (root / "rules.toml").read_bytes(),
        "LICENSES.txt": read_licences(dependencies).encode(),
    }
    _refuse_twins(ours, installed)
    return {**installed, **{f"ca/{name}": pem for name, pem in certificates.items()}, **ours}


def _collect_dependencies(folder: Path, *, redis: bool) -> dict[str, bytes]:
    files = {path.relative_to(folder).as_posix(): path for path in list_modules(folder)}
    if BUNDLE not in files:
        raise LocalError(f"{folder}: certifi is not installed there")
    left_out = () if redis else REDIS
    return {
        name: path.read_bytes()
        for name, path in files.items()
        if name_package(name) not in left_out
    }


def _collect_shared(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in (root / "shared").rglob("*")
        if path.suffix in OURS
    }


def _refuse_twins(ours: Files, installed: Files) -> None:
    tops = {name_package(name) for name in installed}
    for name in ours:
        if name_package(name) in {*tops, "ca"}:
            raise LocalError(f"{name}: a dependency has the same name; SCF would import only one")
