"""`make release`: what is published of a version, the same bytes for the same commit wherever it is made."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from local.development import ROOT
from local.errors import LocalError
from local.function_site import find_function_site
from local.package.archive import write_file
from local.package.bytecode import find_python
from local.package.changelog import FILE, write_notes
from local.package.command import build_package
from local.package.dependencies import SCF_PYTHON
from local.printable import print_safely
from shared import VERSION

DIST = ROOT / "dist"
SUMS = "SHA256SUMS"
TAG = f"v{VERSION}"


def release(
    *,
    draft: Annotated[
        bool,
        typer.Option(
            "--draft",
            help="Look neither at git nor for keys, and take notes of what is unreleased.",
        ),
    ] = False,
) -> None:
    """Write the package, its bill of materials, the notes and SHA256SUMS of this version.

    The rules are checked for the site that settings mean by default, whatever .env says here.
    """
    tagged = draft or check_commit(ROOT, TAG)
    notes = write_notes((ROOT / FILE).read_text(encoding="utf-8"), VERSION, draft=draft)
    compiler = find_python(None)
    if compiler is None:
        raise LocalError(
            f"a release has bytecode by Python {SCF_PYTHON}, and none runs here: "
            f"put python{SCF_PYTHON} on PATH, or run pyenv install {SCF_PYTHON}"
        )
    archive, sbom = build_package(find_function_site({}), compiler)
    names = name_files(VERSION)
    write_release(dict(zip(names, (archive, sbom, notes.encode()), strict=True)), DIST)
    if draft:
        print(f"wrote a draft of {VERSION} into {DIST}; nothing of it is for publishing")
    else:
        audit(names[0])
        tell_what_is_left(names, tagged=tagged)


def tell_what_is_left(names: tuple[str, str, str], *, tagged: bool) -> None:
    """Print how what was written is published."""
    package, bill, text = names
    print(f"wrote {VERSION} into {DIST}; what is left to do:")
    if not tagged:
        print(f'git tag -s {TAG} -m "Roomscribe {VERSION}" && git push origin {TAG}')
    print(f"upload {package}, {bill} and {SUMS} to the release {TAG}, whose notes are {text}")


def name_files(version: str) -> tuple[str, str, str]:
    """The names of a version's package, bill of materials and notes."""
    name = f"roomscribe-{version}"
    return f"{name}.zip", f"{name}.cdx.json", f"release-notes-{version}.md"


def write_release(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files and beside them SHA256SUMS, as `sha256sum --check` reads it."""
    for name, data in files.items():
        write_file(data, folder / name)
    sums = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    write_file("".join(sums).encode(), folder / SUMS)


def check_commit(root: Path, tag: str) -> bool:
    """Whether the commit that is checked out has this tag.

    Raises LocalError where files are not as that commit has them, where another commit has the tag, where
    the folder lies in another repository, and where git does not answer.
    """
    # Also new files, whatever git is configured to show.
    changed = _run_git(root, "status", "--porcelain", "--untracked-files=normal")
    if any(_run_git(root, "rev-parse", "--show-prefix")):
        raise LocalError(f"{root} is no clone of its own, and a release is made of a commit")
    if changed:
        names = ", ".join(line[3:] for line in changed)
        raise LocalError(f"no commit holds what changed in {names}; commit it or take it away")
    tagged = bool(_run_git(root, "tag", "--list", tag, "--points-at", "HEAD"))
    if not tagged and _run_git(root, "tag", "--list", tag):
        raise LocalError(
            f"{tag} is another commit, and a version is published once; "
            "give this one a new VERSION in shared/__init__.py"
        )
    return tagged


def audit(package: str) -> None:
    """Raise LocalError where `make audit` finds a key in the package or in the repository, or a conflict."""
    command = ["make", "--silent", "audit", f"ARGS=dist/{package}"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:  # noqa: S603
        raise LocalError(f"{package} must not be published; see above")


def _run_git(root: Path, *arguments: str) -> list[str]:
    """The lines that git answers."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise LocalError("git is not installed, and a release is made of a commit") from error
    if done.returncode != 0:
        raise LocalError(f"git {arguments[0]}: {done.stderr.partition(chr(10))[0]}")
    return done.stdout.splitlines()


if __name__ == "__main__":
    try:
        typer.run(release)
    except LocalError as error:
        print_safely(f"error: {error}", err=True)
        sys.exit(1)
