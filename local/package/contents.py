"""What stands in the package: every file by its path in the zip, with its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local.errors import LocalError
from local.package.certificates import hash_bundle
from local.package.dependencies import list_modules, name_package
from local.package.licences import BUNDLE, list_bundled, read_licences, write_notice
from shared.errors import RulesError
from shared.rules.decision import SUFFIX, prepare_rules, read_text
from shared.site import Site

Files = Mapping[str, bytes]

REDIS = ("redis", "async_timeout")  # what only LEDGER_URL=redis://… needs
# The SDK's transport and all it needs: shared/api/sdk.py takes its place, `ca/` that of the bundle.
NEVER_USED = ("requests", "urllib3", "charset_normalizer", "idna", "certifi")
OURS = (".py", ".sql", ".json", ".html", ".css", ".js")


def collect_files(
    root: Path, dependencies: Path, *, site: Site, redis: bool = True
) -> dict[str, bytes]:
    """All of it but the bytecode: entry files at the top, as SCF wants them; the rules suit `site`."""
    installed = collect_dependencies(dependencies, redis=redis)
    bundled = [*list_bundled(installed, dependencies)]
    certificates = hash_bundle(_read_bundle(dependencies))
    ours = {
        **{path.name: path.read_bytes() for path in (root / "functions").glob("*.py")},
        **_collect_shared(root),
        **_collect_rules(root, site),
        "LICENSE": (root / "LICENSE").read_bytes(),
        "NOTICE": write_notice(bundled).encode(),
        "LICENSES.txt": read_licences(bundled).encode(),
    }
    _refuse_twins(ours, installed)
    return {**installed, **{f"ca/{name}": pem for name, pem in certificates.items()}, **ours}


def collect_dependencies(folder: Path, *, redis: bool = True) -> dict[str, bytes]:
    """The files that run of what is installed there, by their paths in the zip."""
    files = {path.relative_to(folder).as_posix(): path for path in list_modules(folder)}
    left_out = NEVER_USED if redis else (*NEVER_USED, *REDIS)
    return {
        name: path.read_bytes()
        for name, path in files.items()
        if name_package(name) not in left_out
    }


def _read_bundle(folder: Path) -> str:
    path = folder / BUNDLE
    if not path.is_file():
        raise LocalError(f"{folder}: certifi is not installed there")
    return path.read_text(encoding="ascii")


def _collect_rules(root: Path, site: Site) -> dict[str, bytes]:
    try:
        text = read_text(root / "rules.toml")
        prepared = prepare_rules(text, site)
    except RulesError as error:
        raise LocalError(str(error)) from error
    return {"rules.toml": text.encode(), f"rules.toml{SUFFIX}": prepared}


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
