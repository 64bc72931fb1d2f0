"""Runs one instance from exec to its last event, and says what each of them took."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import IO, NamedTuple

from benchmarks.cost.contenders import CONTEXT, Contender, Json
from benchmarks.cost.deployment import describe_environment

INSTANCE = Path(__file__).with_name("instance.py")
PATIENCE_S = 60.0
SHOWN_BYTES = 800  # of what an instance printed, when it fails


class Run(NamedTuple):
    """One instance: exec to first answer, each answer after it, CPU without network, most memory."""

    cold_s: float
    warm_s: Sequence[float]
    cpu_s: float
    peak_kib: int


class Answer(NamedTuple):
    """The HTTP status of one event, and the wall clock and CPU time of its handler."""

    status: int
    took_s: float
    cpu_s: float


class WrongAnswerError(Exception):
    """What was measured did not do what it was measured for."""


@dataclass(frozen=True)
class Instance:
    """A process that answers one event after another; `began_s` is when it was started."""

    contender: Contender
    began_s: float
    process: subprocess.Popen[bytes]
    answers: IO[str]
    printed: IO[bytes]

    def ask(self, event: Json) -> Answer:
        """Let the instance answer one event; raises WrongAnswerError unless the status is 200."""
        assert self.process.stdin  # noqa: S101  it is a pipe
        with contextlib.suppress(BrokenPipeError):  # it has ended, and so have its answers
            self.process.stdin.write(json.dumps([event, CONTEXT]).encode() + b"\n")
            self.process.stdin.flush()
        line = self.answers.readline()
        if not line:
            self.process.wait(PATIENCE_S)
            raise self.error("ended")
        answer = Answer(*json.loads(line))
        if answer.status != 200:
            raise self.error(f"answered {answer.status}")
        return answer

    def finish(self) -> int:
        """Let the instance end; the most memory it had, in KiB."""
        assert self.process.stdin  # noqa: S101  it is a pipe
        self.process.stdin.close()
        peak_kib = int(self.answers.readline())
        self.process.wait(PATIENCE_S)
        return peak_kib

    def error(self, what: str) -> WrongAnswerError:
        """An error that says what the instance did, with the end of what it printed."""
        self.printed.seek(0)
        printed = self.printed.read()[-SHOWN_BYTES:].decode(errors="replace")
        return WrongAnswerError(f"{self.contender.name}: {what}: {printed}")


@contextlib.contextmanager
def starting_instance(
    python: str, folder: Path, contender: Contender, settings: Mapping[str, str], networked: int
) -> Iterator[Instance]:
    """A new process for as long as the context; its events after the `networked` ones meet no network."""
    read_end, write_end = os.pipe()
    command = [python, "-S", "-s", str(INSTANCE), contender.module, str(write_end), str(networked)]
    with (
        open(read_end, encoding="utf-8") as answers,  # noqa: PTH123  a descriptor
        tempfile.TemporaryFile() as printed,
    ):
        began_s = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603  an interpreter found here
            command,
            cwd=folder,
            env=describe_environment(folder, settings),
            stdin=subprocess.PIPE,
            stdout=printed,
            stderr=printed,
            pass_fds=[write_end],
        )
        os.close(write_end)
        try:
            yield Instance(contender, began_s, process, answers, printed)
        finally:
            process.kill()  # nothing to a process that has ended
            process.communicate()


def run_events(instance: Instance, events: Sequence[Json], networked: int) -> Run:
    """Let one instance answer the events, of which the first `networked` reach the API."""
    instance.ask(events[0])
    cold_s = time.perf_counter() - instance.began_s
    rest = [instance.ask(event) for event in events[1:]]
    warm, stubbed = rest[: networked - 1], rest[networked - 1 :]
    cpu_s = mean(answer.cpu_s for answer in stubbed) if stubbed else 0.0
    return Run(cold_s, [answer.took_s for answer in warm], cpu_s, instance.finish())
