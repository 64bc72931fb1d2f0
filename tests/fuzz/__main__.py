"""`make fuzz`: every parser of what comes from outside, with inputs that atheris makes up; a line for each.

The corpus is kept in .roomscribe/fuzz, so that the next run goes on where this one stopped. An input with
which a target fails is written there, too, and goes into tests/fuzz/regressions/TARGET with its repair.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from local.development import ROOT, STATE_DIR
from tests.fuzz.inputs import TARGETS, list_inputs

LONGEST_INPUT = 4096  # bytes
MOST_MEMORY_MB = 1024  # a leak of a kilobyte an input would take as much in a million
DONE = re.compile(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\S+)")
PEAK = re.compile(r"peak_rss_mb:\s+(\d+)")
SPEED = re.compile(r"average_exec_per_sec:\s+(\d+)")


class Ran(NamedTuple):
    """What became of one target."""

    name: str
    code: int
    output: str

    @property
    def failed(self) -> bool:
        """Whether it ended in another way than by its limit."""
        return self.code != 0 or not DONE.search(self.output)


def main() -> int:
    """1 when a target failed."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], help="all, unless named")
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("--runs", type=int, default=0, help="executions of each, instead of a time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at once")
    asked = parser.parse_args()
    limit = f"-runs={asked.runs}" if asked.runs else f"-max_total_time={asked.seconds}"
    with ThreadPoolExecutor(asked.jobs) as pool:
        ran = list(pool.map(lambda name: fuzz(name, limit), asked.targets or TARGETS))
    return max(one.failed for one in ran)


def fuzz(name: str, limit: str) -> Ran:
    """Run one target in a process of its own, and print what became of it."""
    folder = STATE_DIR / "fuzz" / name
    corpus, seeds, found = (folder / each for each in ("corpus", "seeds", "found"))
    for each in (corpus, seeds, found):
        each.mkdir(parents=True, exist_ok=True)
    write_inputs(list_inputs(name), seeds)
    options = (
        *(limit, f"-max_len={LONGEST_INPUT}", f"-rss_limit_mb={MOST_MEMORY_MB}", "-timeout=60"),
        *(f"-artifact_prefix={found}/", "-print_final_stats=1"),
    )
    command = [sys.executable, "-m", "tests.fuzz.driver", name, str(corpus), str(seeds), *options]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False
    )
    ran = Ran(name, done.returncode, done.stdout + done.stderr)
    print(describe(ran), flush=True)
    return ran


def write_inputs(inputs: Iterable[bytes], folder: Path) -> None:
    """Write each into a file named after what is in it."""
    for data in inputs:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def describe(ran: Ran) -> str:
    """A line of figures, as libFuzzer gives them; the end of its output where the target failed."""
    figures = DONE.search(ran.output)
    if ran.failed or figures is None:
        return f"{ran.name}: FAILED\n{ran.output[-4000:]}"
    executions, coverage, features, corpus = figures.groups()
    speed, peak = SPEED.search(ran.output), PEAK.search(ran.output)
    return (
        f"{ran.name:<10}{int(executions):>9} executions, {speed[1] if speed else '?'}/s, corpus {corpus}, "
        f"cov {coverage}, ft {features}, at most {peak[1] if peak else '?'} MB"
    )


if __name__ == "__main__":
    sys.exit(main())
