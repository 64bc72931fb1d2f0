"""The ways of signing that Tencent's SDKs offer, and the programs that drive the emulator with them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
INTL = Path(sys.prefix) / "intl"
TCCLI = Path(sys.prefix) / "tccli" / "bin" / "tccli"
NODE_MODULES = ROOT / ".venv" / "node" / "node_modules"
NODE_DRIVER = Path(__file__).with_name("drive_node.js")

TC3, *OLD = SIGN_METHODS = ("TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256")
# As the drivers take them: how it is signed, and by which HTTP method it is sent.
WAYS = tuple(
    f"{sign_method}:{method}" for sign_method in SIGN_METHODS for method in ("POST", "GET")
)

Answers = dict[str, dict[str, Any]]  # by action


def run_intl(*arguments: str) -> Any:
    """official_sdk in a process that imports the international edition."""
    assert INTL.is_dir(), f"{INTL} is missing: make .venv/*/dev.done brings it"
    command = [sys.executable, "-m", "tests.emulator.official_sdk", *arguments]
    answer = json.loads(_run(command, {"PYTHONPATH": str(INTL)}))
    assert answer["edition"] == "intl"
    return answer["result"]


def run_node(edition: str, port: int, user_sig: str, *ways: str) -> dict[str, Answers]:
    """One edition of the Node SDK; the answers by way of signing."""
    command = ["node", str(NODE_DRIVER), edition, str(port), user_sig, *ways]
    answers = json.loads(_run(command, {"NODE_PATH": str(NODE_MODULES)}))
    assert isinstance(answers, dict)
    return answers


def find_missing_node() -> str | None:
    """Why the Node SDKs cannot be run here, None where they can."""
    if shutil.which("node") is None:
        return "node is missing: tests/setup.sh says what to install"
    if not NODE_MODULES.is_dir():
        return f"{NODE_MODULES} is missing: sh tests/setup.sh brings it"
    return None


def run_tccli(home: Path, port: int, action: str, parameters: object) -> dict[str, Any]:
    """One action by tccli, whose Response it prints; raises AssertionError with what it says."""
    assert TCCLI.is_file(), f"{TCCLI} is missing: make .venv/*/tccli.done brings it"
    given = home / "parameters.json"
    given.write_text(json.dumps(parameters), encoding="utf-8")
    command = [str(TCCLI), "trtc", action, "--cli-input-json", f"file://{given}"]
    command += ["--endpoint", f"http://127.0.0.1:{port}", "--region", "ap-singapore"]
    keys = {"TENCENTCLOUD_SECRET_ID": "IdOfTests", "TENCENTCLOUD_SECRET_KEY": "KeyOfTests"}
    answer = json.loads(_run(command, {**keys, "HOME": str(home)}))
    assert isinstance(answer, dict)
    return answer


def _run(command: list[str], more: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        env={**os.environ, **more},
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
