"""Runs one instance from exec to its last event, and says what it took."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.cost.api import Api
from benchmarks.cost.contenders import CONTEXT, Contender, Json
from benchmarks.cost.deployment import describe_environment

INSTANCE = Path(__file__).with_name("instance.py")
PATIENCE_S = 60.0


class Run(NamedTuple):
    """One instance: exec to first answer, each answer after it, CPU without network, most memory."""

    cold_s: float
    warm_s: Sequence[float]
    cpu_s: float
    peak_kib: int


class WrongAnswerError(Exception):
    """What was measured did not do what it was measured for."""


def run_instance(
    python: str,
    folder: Path,
    contender: Contender,
    settings: Mapping[str, str],
    api: Api,
    events: Sequence[Json],
    stubbed: int,
) -> Run:
    """Let one instance answer the events; the last `stubbed` of them meet no network.

    Raises WrongAnswerError unless every event was answered 200, and each start reached the API once.
    """
    api.calls.clear()
    read_end, write_end = os.pipe()
    command = [python, "-S", "-s", str(INSTANCE), contender.module, str(write_end), str(stubbed)]
    calls = json.dumps([[event, CONTEXT] for event in events]).encode()
    with open(read_end, encoding="utf-8") as answers:  # noqa: PTH123  a descriptor
        began_s = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603  an interpreter found here
            command,
            cwd=folder,
            env=describe_environment(folder, settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[write_end],
        )
        os.close(write_end)
        assert process.stdin  # noqa: S101  it is a pipe
        process.stdin.write(calls)
        process.stdin.close()
        process.stdin = None
        first = answers.readline()
        cold_s = time.perf_counter() - began_s
        printed, errors = process.communicate(timeout=PATIENCE_S)
        if not first or process.returncode:
            raise WrongAnswerError(f"{contender.name}: {errors.decode()[-800:]}")
        told = json.loads(answers.readline())
    _check(contender, told["statuses"], api.calls.total(), len(events) - stubbed, printed)
    return Run(cold_s, told["took_s"], told["cpu_s"], told["peak_kib"])


def _check(
    contender: Contender, statuses: list[int], calls: int, networked: int, printed: bytes
) -> None:
    wanted = networked if contender.starts else 0
    if set(statuses) != {200} or calls != wanted:
        raise WrongAnswerError(
            f"{contender.name}: answered {sorted(set(statuses))} and called the API {calls} times, "
            f"not {wanted}: {printed.decode()[-800:]}"
        )
