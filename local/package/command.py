"""`package`: the zip for SCF, and how large it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from local.development import ROOT
from local.env_file import read_deployment
from local.function_site import find_function_site
from local.package.archive import pack_files, write_file
from local.package.bytecode import compile_files, find_python
from local.package.contents import collect_files
from local.package.dependencies import CACHE, SCF_PYTHON, install_dependencies
from local.package.report import describe_package
from local.package.sbom import write_sbom
from shared.site import Site

NAME = "roomscribe.zip"
SBOM_NAME = "roomscribe.cdx.json"
WITHOUT = (
    f"no Python {SCF_PYTHON} runs here, so there is no bytecode in it: SCF's code folder cannot be written, "
    "and every cold start compiles everything it imports (about twice the time). "
    f"Name one with --python /path/to/python{SCF_PYTHON}."
)


def package(
    output: Annotated[
        Path,
        typer.Option(
            envvar="ROOMSCRIBE_OUTPUT",
            help=f"The folder that {NAME} is written to.",
            show_default="the project's dist",
        ),
    ] = ROOT / "dist",
    python: Annotated[
        str | None,
        typer.Option(
            envvar="ROOMSCRIBE_PACKAGE_PYTHON",
            help=f"The Python {SCF_PYTHON} that makes the bytecode.",
            show_default="the first one found",
        ),
    ] = None,
    without_redis: Annotated[
        bool,
        typer.Option(
            "--without-redis",
            envvar="ROOMSCRIBE_WITHOUT_REDIS",
            help="Leave the Redis client out: LEDGER_URL can then only name an SQLite file.",
        ),
    ] = False,
) -> None:
    """Write the zip that SCF gets, the same bytes for the same sources and site of TRTC_ENDPOINT.

    Beside it stands its bill of materials, a CycloneDX document.
    """
    compiler, site = find_python(python), find_function_site(read_deployment())
    archive, sbom = build_package(site, compiler, redis=not without_redis)
    path, sbom_path = output / NAME, output / SBOM_NAME
    write_file(archive, path)
    write_file(sbom, sbom_path)
    for line in describe_package(archive):
        print(line)
    print(f"rules checked for the API's site, by TRTC_ENDPOINT: {site}")
    print(f"wrote {sbom_path}, the bill of materials")
    print(f"wrote {path}, bytecode by {compiler}" if compiler else f"wrote {path}; {WITHOUT}")


def build_package(site: Site, compiler: str | None, *, redis: bool = True) -> tuple[bytes, bytes]:
    """The zip and its bill of materials; without a compiler there is no bytecode in it."""
    dependencies = install_dependencies(ROOT / "requirements.lock", CACHE)
    files = collect_files(ROOT, dependencies, site=site, redis=redis)
    if compiler:
        files |= compile_files(files, compiler)
    archive = pack_files(files)
    return archive, write_sbom(archive, files, dependencies)
