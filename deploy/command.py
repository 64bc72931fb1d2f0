"""Brings a package to SCF, and says where its function URLs are."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.calls import CallError, DeployError, Scf
from deploy.functions import Function, choose_functions
from deploy.releasing import Releasing
from deploy.settings import find_problems, read_settings
from deploy.states import States
from deploy.triggers import Triggers
from shared.site import find_scf_host

PACKAGE = Path(__file__).parent.parent / "dist" / "roomscribe.zip"
DEFAULT_ENDPOINT = "trtc.intl.tencentcloudapi.com"  # as shared/settings.py has it
INTERVAL_S = 2.0

CALLBACKS = """
For the TRTC console, Callback: the address for room events and media events (groups 1 and 2){more}:
{url}"""
MORE = ',\nAI service events (group 9, service = "ai") and AI transcription 2.0 (group 14, service = "cloud")'
APART = """
For the TRTC console, Callback: the address for AI service events (group 9, service = "ai") and
AI transcription 2.0 (group 14, service = "cloud"):
{url}"""
READING = """
Transcripts are read below this address (./roomscribe link --room ROOM --url ADDRESS writes a link):
{url}"""


def main() -> int:
    """Deploy; the exit code is 0 only when everything is in place."""
    try:
        deploy(read_settings(os.environ), Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)
    except (CallError, DeployError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def deploy(environ: Mapping[str, str], package: Path) -> None:
    """Bring everything to SCF; raises CallError or DeployError."""
    check(environ, package)
    scf = Scf(environ, environ["REGION"], find_endpoint(environ), read_interval_s(environ))
    states = States(scf)
    releasing, triggers = Releasing(states, environ, package), Triggers(scf, states)
    urls: dict[str, str] = {}
    named: list[tuple[str, Function]] = []
    for function in choose_functions(environ):
        name = releasing.release(function)
        named.append((name, function))
        if function.runs_by:
            triggers.mend(name, function)
    for name, function in named:
        if function.runs_by == "url":
            urls[function.key] = triggers.await_url(name, function)
    print(f"\n{len(named)} functions of roomscribe-{environ['STAGE']} are up to date.")
    print(describe_urls(urls))


def check(environ: Mapping[str, str], package: Path) -> None:
    """Raise DeployError for everything that can be seen to be wrong before the first call."""
    problems = [str(problem) for problem in find_problems(environ)]
    if not package.is_file():
        problems.append(f"{package}: no such file; make it with ./roomscribe package")
    if not shutil.which("tccli"):
        problems.append(
            "tccli: not installed; ./roomscribe deploy brings it along, or: "
            "pip install --requirement deploy/requirements.lock"
        )
    if problems:
        raise DeployError("\nerror: ".join(problems))


def find_endpoint(environ: Mapping[str, str]) -> str:
    """The host of SCF's API: that of the functions, which is at the site of TRTC's."""
    given = environ.get("INVOKE_ENDPOINT")
    return given or find_scf_host(environ.get("TRTC_ENDPOINT") or DEFAULT_ENDPOINT)


def read_interval_s(environ: Mapping[str, str]) -> float:
    """ROOMSCRIBE_DEPLOY_INTERVAL_S: seconds between two looks; raises DeployError."""
    text = environ.get("ROOMSCRIBE_DEPLOY_INTERVAL_S") or str(INTERVAL_S)
    try:
        return max(0.0, float(text))
    except ValueError:
        raise DeployError("ROOMSCRIBE_DEPLOY_INTERVAL_S: must be a number of seconds") from None


def describe_urls(urls: Mapping[str, str]) -> str:
    """Every URL on a line of its own, after what to do with it."""
    apart = urls.get("transcription_events")
    parts = [CALLBACKS.format(url=urls["trtc_callback"], more="" if apart else MORE)]
    if apart:
        parts.append(APART.format(url=apart))
    parts.append(READING.format(url=urls["read_transcript"]))
    return "\n".join(parts)
