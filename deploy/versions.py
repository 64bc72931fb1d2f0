"""The package that went out before: kept as a version of one function, since all have the same package.

A version is kept by SCF, so that any machine can put it back.

Source: SCF API 2018-04-16, PublishVersion, ListVersionByFunction and GetFunctionAddress; SCF documentation,
quota limits (product 583, document 11637): a function has up to 1,000 versions.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

from deploy.calls import DeployError, Scf
from deploy.functions import Json, name_function
from deploy.states import States

KEEPER = "trtc_callback"  # whose versions are kept; every release has it
LATEST = "$LATEST"
MOST_LISTED = 100  # the newest come first
DOWNLOAD_S = 60
SHOWN_CHARACTERS = 12
VERSION_FILE = "shared/__init__.py"


class Versions:
    """Keeps what runs before it is replaced, and brings it back."""

    def __init__(self, scf: Scf, states: States, environ: Mapping[str, str]) -> None:
        self._scf = scf
        self._states = states
        self._name = name_function(environ, KEEPER)

    def keep(self, package: Path) -> None:
        """Publish what runs as a version, unless it is `package` or the newest version already.

        Raises CallError or DeployError.
        """
        found = self._states.await_rest(self._name)
        if found is None:
            return
        if found["Status"] != "Active":
            print(f"{self._name} is {found['Status']}: what it runs is not kept", flush=True)
            return
        running, newest = self._locate(LATEST)["CodeSha256"], self._find_newest()
        coming = hashlib.sha256(package.read_bytes()).hexdigest()
        kept = self._locate(newest["Version"])["CodeSha256"] if newest else None
        if running in (kept, coming):
            return
        print(f"keeping what runs, {shorten(running)}, as a version of {self._name}", flush=True)
        self._states.change("PublishVersion", self._name)
        self._states.await_active(self._name)

    def fetch(self, folder: Path) -> Path:
        """Download the package that was kept last into `folder`; raises CallError or DeployError."""
        newest = self._find_newest() if self._states.await_rest(self._name) else None
        if newest is None:
            raise DeployError(
                f"there is nothing to go back to: SCF has no version of {self._name}. ./roomscribe "
                "deploy keeps one whenever it brings another package; to bring an older package that "
                "you have, name it: ./roomscribe deploy PACKAGE"
            )
        address, running = self._locate(newest["Version"]), self._locate(LATEST)["CodeSha256"]
        print(f"{self._name} runs {shorten(running)}")
        kept = f"its version {newest['Version']}, kept {newest['AddTime']} (Beijing time)"
        package = folder / "roomscribe.zip"
        package.write_bytes(download(address["Url"], address["CodeSha256"]))
        which = f"Roomscribe {read_version(package)}, {shorten(address['CodeSha256'])}"
        print(f"putting back {which}: {kept}", flush=True)
        return package

    def _locate(self, version: str) -> Json:
        return self._scf.call("GetFunctionAddress", self._name, Qualifier=version)

    def _find_newest(self) -> Json | None:
        """The version that was published last; their numbers grow."""
        order = {"OrderBy": "AddTime", "Order": "DESC", "Limit": MOST_LISTED}
        listed = self._scf.call("ListVersionByFunction", self._name, **order)["Versions"]
        published = [one for one in listed if one["Version"].isdecimal()]
        return max(published, key=lambda one: int(one["Version"]), default=None)


def read_version(package: Path) -> str:
    """Roomscribe's version in a package; "of an unknown version" where it does not tell."""
    with zipfile.ZipFile(package) as opened:
        source = opened.read(VERSION_FILE).decode() if VERSION_FILE in opened.namelist() else ""
    told = re.search(r'^VERSION = "([^"]+)"', source, re.MULTILINE)
    return told[1] if told else "of an unknown version"


def shorten(sha256: str) -> str:
    """The beginning of a SHA-256, as it is shown."""
    return f"sha256 {sha256[:SHOWN_CHARACTERS]}"


def download(url: str, sha256: str) -> bytes:
    """What lies at an address that SCF has given; raises DeployError unless it has this SHA-256.

    The address may be one without TLS, and a signature is in it: it is not shown.
    """
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_S) as answer:  # noqa: S310
            content = bytes(answer.read())
    except (OSError, http.client.HTTPException) as error:
        words = f"the package cannot be downloaded from SCF ({error}). Run this again, or name a package"
        raise DeployError(f"{words}: ./roomscribe deploy PACKAGE") from None
    if hashlib.sha256(content).hexdigest() != sha256.lower():
        raise DeployError("what SCF sent is not the package that was kept: its SHA-256 is another.")
    return content
