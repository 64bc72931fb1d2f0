"""`deploy`: the package to SCF, with Tencent's own command line in an environment of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from deploy.settings import find_problems, read_settings
from local.development import ROOT, STATE_DIR
from local.env_file import find_env_file, read_deployment
from local.errors import LocalError
from local.package.command import NAME
from local.package.command import package as write_package
from local.package.pip import clean_environment

SCRIPT = ROOT / "deploy" / "tccli.sh"
LOCK = ROOT / "deploy" / "requirements.lock"
BUILD_LOCK = ROOT / "requirements-build.lock"
ENVIRONMENT = STATE_DIR / "tccli"
STAMP = "installed"  # a file in it: the digest of the lock that was
DIST = ROOT / "dist"
# Compiling the whole SDK would take most of the time and half of the disk.
PIP = (
    "-m",
    "pip",
    "install",
    "--require-hashes",
    "--no-deps",
    "--no-compile",
    "--no-build-isolation",
    "--use-pep517",
    "--quiet",
    "--disable-pip-version-check",
)


def deploy(
    package: Annotated[
        Path | None,
        typer.Argument(
            envvar="ROOMSCRIBE_DEPLOY_PACKAGE",
            help="The package to deploy.",
            show_default="one that is made now, dist/roomscribe.zip",
        ),
    ] = None,
    tccli: Annotated[
        Path | None,
        typer.Option(
            envvar="ROOMSCRIBE_TCCLI",
            help="The folder of a tccli to use instead of the one that this brings along.",
        ),
    ] = None,
    previous: Annotated[
        bool,
        typer.Option("--previous", help="Put the package back that was replaced last."),
    ] = False,
) -> None:
    """Bring everything to SCF, or up to date; print the addresses of callbacks and transcripts."""
    if previous and package:
        raise LocalError("--previous takes no PACKAGE: SCF has kept the one that is put back")
    environ = read_deployment()
    check_settings(environ, find_env_file(environ))
    if package is None and not previous:
        write_package(DIST)
    what = "--previous" if previous else str((package or DIST / NAME).absolute())
    raise typer.Exit(run_script(what, tccli or install_tccli(ENVIRONMENT), environ))


def check_settings(environ: Mapping[str, str], env_file: Path | None) -> None:
    """Raise LocalError for all that is wrong with the settings, and where there is no file of them."""
    problems = [str(problem) for problem in find_problems(read_settings(environ))]
    if problems and env_file is None:
        problems.append("there is no .env: cp .env.example .env, and fill it in")
    if problems:
        raise LocalError("\nerror: ".join(problems))


def run_script(what: str, tccli: Path, environ: Mapping[str, str]) -> int:
    """Run deploy/tccli.sh with all settings in its environment; its exit code.

    `what` is a package's path, or "--previous".
    """
    if not (tccli / "tccli").is_file():
        raise LocalError(f"{tccli}: there is no tccli in this folder")
    python = Path(sys.executable).parent
    path = os.pathsep.join((str(tccli), str(python), environ.get("PATH", os.defpath)))
    handed = {**environ, "PATH": path, "ROOMSCRIBE_ENV_FILE": os.devnull}
    command = ["sh", str(SCRIPT), what]
    sys.stdout.flush()  # into a file or a pipe, what was printed here would come after what the script prints
    return subprocess.run(command, env=handed, check=False).returncode  # noqa: S603


def install_tccli(folder: Path, lock: Path = LOCK, build_lock: Path = BUILD_LOCK) -> Path:
    """The folder of a tccli of the pinned version; made once, and anew for another version."""
    digest = hashlib.sha256(build_lock.read_bytes() + lock.read_bytes()).hexdigest()
    stamp, programs = folder / STAMP, folder / "bin"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return programs
    print(f"installing tccli into {folder}; this takes a minute", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "venv", str(folder))
    for each in (build_lock, lock):
        _run(str(programs / "python"), *PIP, "--requirement", str(each))
    stamp.write_text(digest, encoding="ascii")
    return programs


def _run(*command: str) -> None:
    environ = clean_environment(os.environ)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        lines = (done.stderr + done.stdout).splitlines()
        reasons = [line for line in lines if line.startswith("ERROR")] or lines
        raise LocalError(f"tccli could not be installed: {' '.join(reasons[-2:])}")
