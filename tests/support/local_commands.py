"""Starts `python -m local …` as a newcomer would: its own process, an empty environment."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


class Running:
    """A command that serves; `url` is where."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def end(self, number: int) -> tuple[int, str, str]:
        """Send a signal and wait; the exit code, the rest of stdout, and stderr."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, output, errors


def run_local(
    *arguments: str, environ: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT,
        env=_write_environment(environ),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@contextlib.contextmanager
def serve_local(
    *arguments: str, environ: Mapping[str, str] | None = None, patience_s: float = PATIENCE_S
) -> Iterator[Running]:
    """Start a serving command and wait for its `ready` line; it is gone afterwards, or in time."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT,
        env=_write_environment(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(patience_s, process.kill)
    watchdog.start()
    try:
        assert process.stdout
        first = process.stdout.readline()
        assert first.startswith("ready http://127.0.0.1:"), first
        yield Running(process, first.split()[1])
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def wait_for_exit(pids: Sequence[int]) -> None:
    """Wait until none of these processes lives, whoever their parent is."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            try:
                ended, _, _ = select.select([descriptor], [], [], PATIENCE_S)
            finally:
                os.close(descriptor)
            assert ended, f"process {pid} still lives"


def find_children(pid: int) -> list[int]:
    """The process ids of its children (Linux)."""
    tasks = Path(f"/proc/{pid}/task")
    return [
        int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()
    ]


def _write_environment(environ: Mapping[str, str] | None) -> dict[str, str]:
    given = {"PATH": os.environ["PATH"], "LEDGER_URL": os.environ["LEDGER_URL"]}
    return {**given, "ROOMSCRIBE_ENV_FILE": os.devnull, **(environ or {})}
