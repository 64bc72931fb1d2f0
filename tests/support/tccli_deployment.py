"""deploy/tccli.sh with the real tccli against the local cloud's SCF, and a look at what it left there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.emulator import SECRET_ID, SECRET_KEY, sign_headers
from tests.support.local_commands import ROOT, serve_local

TCCLI = Path(sys.prefix) / "tccli" / "bin"
PATIENCE_S = 300.0
CALLBACK_KEY = "CallbackKeyOfTests"
SETTINGS = {
    "TRTC_SDK_APP_ID": "1400000001",
    "TRTC_SDK_SECRET_KEY": "sdk-secret-key-of-tests",
    "TRTC_CALLBACK_KEY": CALLBACK_KEY,
    "TENCENT_SECRET_ID": SECRET_ID,
    "TENCENT_SECRET_KEY": SECRET_KEY,
    "TRANSCRIPT_LINK_KEY": "link-key-of-the-tests",
}
SECRETS = (SETTINGS["TRTC_SDK_SECRET_KEY"], CALLBACK_KEY, SECRET_KEY, "link-key-of-the-tests")


@dataclass(frozen=True)
class Tencent:
    """A local cloud, and the machine of somebody who deploys to it."""

    url: str
    http: httpx.Client
    home: Path
    package: Path

    @property
    def place(self) -> dict[str, str]:
        """The settings that lead to this local cloud, and to a ledger beside it."""
        ledger = f"sqlite:///{self.home}/ledger.db"
        return {"TRTC_ENDPOINT": self.url, "INVOKE_ENDPOINT": self.url, "LEDGER_URL": ledger}

    def deploy(self, what: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
        """Run the script for a package, or with --previous; the settings are right, but for the changes."""
        assert TCCLI.is_dir(), "tccli is missing: `make test` installs it"
        environ = {
            "PATH": os.pathsep.join((str(TCCLI), os.environ["PATH"])),
            "HOME": str(self.home),
            "ROOMSCRIBE_ENV_FILE": os.devnull,
            "ROOMSCRIBE_DEPLOY_INTERVAL_S": "0.02",
            "STAGE": "prod",
            "REGION": "ap-singapore",
            "ROLE": "roomscribe",
            **self.place,
            **SETTINGS,
            **changes,
        }
        done = subprocess.run(
            ["sh", str(ROOT / "deploy" / "tccli.sh"), what or str(self.package)],
            env=environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert not any(secret in done.stdout + done.stderr for secret in SECRETS)
        return done

    def call(self, action: str, **parameters: object) -> dict[str, Any]:
        """A call of SCF's API, as another of its users makes it; the answer's Response."""
        body = json.dumps(parameters).encode()
        headers = {
            "content-type": "application/json",
            "host": self.url.removeprefix("http://"),
            "x-tc-action": action,
            "x-tc-version": "2018-04-16",
            "x-tc-region": "ap-singapore",
            "x-tc-timestamp": str(int(time.time())),
        }
        headers["authorization"] = sign_headers(headers, body, service="scf")
        response = self.http.post("/", content=body, headers=headers).json()["Response"]
        assert isinstance(response, dict)
        return response

    def get_trigger(self, function: str, kind: str) -> dict[str, Any]:
        """The only trigger of a kind."""
        triggers = self.call("ListTriggers", FunctionName=function)["Triggers"]
        (found,) = [one for one in triggers if one["Type"] == kind]
        assert isinstance(found, dict)
        return found

    def plan(self, **fault: object) -> None:
        """Let something go wrong from now on."""
        self.http.post("/_local/faults", json=fault).raise_for_status()

    def mend(self) -> None:
        """Let nothing go wrong any more."""
        self.http.delete("/_local/faults").raise_for_status()

    def count_strikes(self) -> int:
        """How often something went wrong."""
        return len(self.http.get("/_local/faults?strikes=1").json()["strikes"])


@contextmanager
def running_tencent(
    folder: Path, package: Path, *options: str, command: str = "cloud"
) -> Iterator[Tencent]:
    """A local cloud that runs deployed functions with this Python, for which the package is made."""
    (folder / "home").mkdir()
    environ = {**SETTINGS, "ROOMSCRIBE_RUNTIME_PYTHON": sys.executable}
    environ["LEDGER_URL"] = f"sqlite:///{folder}/emulator.db"
    with (
        serve_local(
            command, "--port", "0", *options, environ=environ, patience_s=2 * PATIENCE_S
        ) as running,
        httpx.Client(base_url=running.url, trust_env=False, timeout=30) as http,
    ):
        yield Tencent(running.url, http, folder / "home", package)
