"""Brings a package to SCF, or the one before it back, and says where its function URLs are."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.calls import CallError, DeployError, Scf
from deploy.functions import Function, choose_functions, name_function
from deploy.releasing import Releasing
from deploy.settings import find_problems, read_settings
from deploy.states import States
from deploy.triggers import Triggers
from deploy.versions import KEEPER, Versions
from shared.site import find_scf_host

PACKAGE = Path(__file__).parent.parent / "dist" / "roomscribe.zip"
DEFAULT_ENDPOINT = "trtc.intl.tencentcloudapi.com"  # as shared/settings.py has it
INTERVAL_S = 2.0
NEEDED = {"drain_starts.py", "trtc_callback.py", "read_transcript.py"}

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
    environ, arguments = read_settings(os.environ), sys.argv[1:]
    try:
        if arguments == ["--previous"]:
            deploy(environ, None)
        else:
            deploy(environ, Path(arguments[0]) if arguments else PACKAGE)
    except (CallError, DeployError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def deploy(environ: Mapping[str, str], package: Path | None) -> None:
    """Bring a package to SCF, None for the one that was replaced last; raises CallError or DeployError.

    What goes out for None is not kept, so that going back twice leads to the same package. The function
    whose versions are kept is updated last, and goes back first: a package that never was wholly in, or is
    being withdrawn, is not kept.
    """
    check(environ, package)
    scf = Scf(environ, environ["REGION"], find_endpoint(environ), read_interval_s(environ))
    versions = Versions(scf, States(scf), environ)
    functions = sorted(choose_functions(environ), key=lambda one: one.key == KEEPER)
    if package:
        versions.keep(package)
        bring(scf, environ, package, functions)
        return
    with tempfile.TemporaryDirectory(prefix="roomscribe-") as folder:
        bring(scf, environ, versions.fetch(Path(folder)), functions[::-1])


def bring(
    scf: Scf, environ: Mapping[str, str], package: Path, functions: Sequence[Function]
) -> None:
    """Bring a package to functions, in this order; raises CallError or DeployError."""
    states, modules = States(scf), list_modules(package)
    releasing, triggers = Releasing(states, environ, package), Triggers(scf, states)
    urls: dict[str, str] = {}
    named = [(name_function(environ, one.key), one) for one in functions if one.file in modules]
    for name, function in named:
        releasing.release(function)
        if function.runs_by:
            triggers.mend(name, function)
    for function in functions:
        if function.file not in modules:
            leave(states, triggers, name_function(environ, function.key), function)
    for name, function in named:
        if function.runs_by == "url":
            urls[function.key] = triggers.await_url(name, function)
    print(f"\n{len(named)} functions of roomscribe-{environ['STAGE']} are up to date.")
    print(describe_urls(urls))


def list_modules(package: Path) -> set[str]:
    """The names of the files in a package; none where it is no zip."""
    try:
        with zipfile.ZipFile(package) as opened:
            return set(opened.namelist())
    except zipfile.BadZipFile:
        return set()


def leave(states: States, triggers: Triggers, name: str, function: Function) -> None:
    """Let a function be that only another version has: it keeps its code, and runs by no timer."""
    if states.await_rest(name) is None:
        return
    print(f"{name} is not in this package: it stays as it is", flush=True)
    if function.runs_by == "timer":
        triggers.stop(name, function)


def check(environ: Mapping[str, str], package: Path | None) -> None:
    """Raise DeployError for everything that can be seen to be wrong before the first call."""
    problems = [str(problem) for problem in find_problems(environ)]
    if package and not package.is_file():
        problems.append(f"{package}: no such file; make it with ./roomscribe package")
    elif package and not list_modules(package) >= NEEDED:
        problems.append(f"{package}: no package of Roomscribe; make one with ./roomscribe package")
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
