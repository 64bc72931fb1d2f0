"""`replay`: the command, and what the terminal shows."""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from local.development import local_environment, refuse_development_key
from local.env_file import read_environment_of
from local.errors import LocalError
from local.printable import print_safely
from local.replay import options
from local.replay.choice import Tests, choose, make_tests
from local.replay.play import DEFAULT_STATUS, Outcome, Send, plan_order, play
from local.replay.records import (
    CALLBACK,
    REFUSED,
    SENTENCE,
    Record,
    Recording,
    read_recording,
)
from local.replay.senders import DEFAULT_URL, Deliver, open_in_process, open_url, read_url
from local.replay.signing import Signer
from shared.counts import write_count
from shared.errors import SettingsError
from shared.scf import now_ms
from shared.settings import read_settings

MISMATCH, UNUSABLE = 1, 2  # exit codes
NOT_IN_LOGS = {
    SENTENCE: "the log never holds what was said",
    REFUSED: "their lines name no room",
}


def replay(
    files: options.Files,
    url: options.Url = DEFAULT_URL,
    in_process: options.InProcess = False,
    rate: options.Rate = None,
    concurrency: options.Concurrency = 1,
    duplicates: options.Duplicates = 1,
    shuffle: options.Shuffle = False,
    seed: options.Seed = None,
    expect: options.Expect = DEFAULT_STATUS,
    sdk_app_id: options.SdkAppId = None,
    keep_callback_ts: options.KeepCallbackTs = False,
    since: options.Since = None,
    until: options.Until = None,
    room: options.Room = None,
    outcome: options.Wanted = None,
) -> None:
    """Play saved callbacks again, signed anew, and compare the HTTP status of each answer.

    For a URL elsewhere the keys come from .env, too. To play the same input twice changes nothing.
    Log lines hold neither what was said nor callbacks that were refused or never came: those cannot
    be rebuilt. Exits 1 when an answer was not the expected one, 2 when the input is unusable.
    """
    seed = random.randrange(2**32) if seed is None else seed  # noqa: S311  not a secret
    begun_s = time.monotonic()
    try:
        environ = dict(os.environ) if in_process else read_environment_of(url)
        settings = local_environment(environ, endpoint=_find_endpoint(url))
        applications = read_settings(settings).applications
        for application in () if in_process else applications:
            refuse_development_key("TRTC_CALLBACK_KEY", application.callback_key, url)
        signer = Signer(applications, sdk_app_id=sdk_app_id, keep_callback_ts=keep_callback_ts)
        tests = make_tests(since, until, room, outcome, now_ms())
        chosen, origin = _read_playable(files, tests, signer)
        print_safely(f"read {origin}")
        order = plan_order(chosen, duplicates=duplicates, shuffle=shuffle, seed=seed)
        with _open(url, settings, in_process, concurrency) as deliver:

            def send(record: Record) -> int:
                return deliver(signer.prepare(record, now_ms()))

            outcomes = _play_visibly(order, send, expect, rate, concurrency)
    except (LocalError, SettingsError) as error:
        print_safely(f"replay: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error
    took_s = time.monotonic() - begun_s
    print_safely(summarise(outcomes, took_s, seed if shuffle else None))
    if not all(outcome.is_expected for outcome in outcomes):
        raise typer.Exit(MISMATCH)


def describe_origin(recording: Recording, left_out: Counter[str]) -> str:
    """What was read and what is not played of it, in one line; `left_out` counts by option."""
    read = [write_count(number, kind) for kind, number in recording.values.items()]
    parts = [f"{', '.join(read) or 'nothing'} in {write_count(recording.files, 'file')}"]
    if set(recording.values) - {CALLBACK}:
        parts.append(write_count(len(recording.records), "callback"))
    parts += [f"{number} filtered out by {option}" for option, number in left_out.items()]
    for kind, number in recording.not_rebuilt.items():
        parts.append(f"{write_count(number, kind)} cannot be rebuilt: {NOT_IN_LOGS[kind]}")
    if recording.skipped:
        parts.append(f"{write_count(recording.skipped, 'line')} without a callback of their own")
    return " · ".join(parts)


def summarise(outcomes: Sequence[Outcome], took_s: float, seed: int | None) -> str:
    """The totals, in one line; `seed` is that of a shuffle."""
    right = sum(outcome.is_expected for outcome in outcomes)
    parts = [
        f"{len(outcomes)} sent in {took_s:.1f} s",
        f"{right} as expected",
        f"{len(outcomes) - right} not",
    ]
    if seed is not None:
        parts.append(f"shuffled with --seed {seed}")
    return " · ".join(parts)


def _read_playable(files: Sequence[Path], tests: Tests, signer: Signer) -> tuple[list[Record], str]:
    """The callbacks to play, and where they come from; raises LocalError when there is none."""
    recording = read_recording(files)
    chosen, left_out = choose(recording.records, tests)
    origin = describe_origin(recording, left_out)
    if not chosen:
        raise LocalError(f"no callback to play in {origin}; name another")
    signer.check(chosen)
    return chosen, origin


def _play_visibly(
    order: Sequence[Record], send: Send, expect: int, rate: float | None, concurrency: int
) -> list[Outcome]:
    """Play with a progress bar (on a terminal) and a line for each mismatch."""
    with _open_progress(len(order)) as notice:
        return play(order, send, notice, expect=expect, rate=rate, concurrency=concurrency)


@contextmanager
def _open_progress(total: int) -> Iterator[Callable[[Outcome], None]]:
    console = Console(stderr=True)
    columns = (TextColumn("replay"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),  # lines meant for a pipe stay in the pipe
    ) as bar:
        task = bar.add_task("replay", total=total)

        def notice(outcome: Outcome) -> None:
            if not outcome.is_expected:
                print_safely(outcome.describe())
            bar.advance(task)

        yield notice


def _open(
    url: str, settings: Mapping[str, str], in_process: bool, concurrency: int
) -> AbstractContextManager[Deliver]:
    if not in_process:
        return open_url(url, concurrency)
    if concurrency > 1:
        raise LocalError(
            "--concurrency: a function instance takes one event at a time; leave out --in-process"
        )
    return open_in_process(settings)


def _find_endpoint(url: str) -> str:
    """The local cloud's API is at the root of where its function URLs are."""
    parts = read_url(url)
    return f"{parts.scheme}://{parts.netloc}"
