"""Incidents on the local cloud: something is wrong, and an operator asks `./roomscribe` about it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from typer.testing import CliRunner

from local.cli import app
from local.cloud.clock import Clock, ManualClock
from local.errors import LocalError
from tests.support.emulator import CONFIG
from tests.support.hosted_cloud import START_MS, Act, CloudAndHost, open_house
from tests.support.hosted_roomscribe import write_rules

MINUTE_MS = 60_000


def play_incident(
    folder: Path,
    act: Act,
    *,
    ledger_url: str = "",
    rules_file: Path | None = None,
    clock: Clock | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Let it happen: the functions have these settings, the cloud those that are right."""
    url = ledger_url or f"sqlite:///{folder}/ledger.db"
    house = open_house(url, rules_file or write_rules(folder), **settings)
    replace(house, config=CONFIG, clock=clock or ManualClock(START_MS)).play(act)


async def ask(stage: CloudAndHost, command: str, *arguments: str, exits: int = 1) -> str:
    """What `./roomscribe COMMAND` says of the deployment; it exits with that code."""
    return await _run(command, *arguments, "--url", stage.url, exits=exits)


async def ask_doctor(stage: CloudAndHost, *options: str, exits: int = 1) -> str:
    """What `doctor` finds, which has the settings of the functions."""
    return await _run("doctor", "--endpoint", stage.url, *options, exits=exits, **stage.settings)


async def _run(*arguments: str, exits: int, **environ: str) -> str:
    """What a command prints, its error included."""
    run = CliRunner(env={**os.environ, **environ}).invoke
    done = await asyncio.to_thread(run, app, arguments)
    if isinstance(done.exception, LocalError):
        text = f"error: {done.exception}"
    else:
        assert isinstance(done.exception, SystemExit | None), done.exception
        text = done.output
    assert done.exit_code == exits, text
    return text


def check_says(text: str, *words: str) -> None:
    """Assert that each of these is in a text, whether or not it begins a sentence there."""
    missing = [word for word in words if word.casefold() not in text.casefold()]
    assert not missing, f"{missing} not in: {text}"


async def check_healed(stage: CloudAndHost, *rooms: str) -> None:
    """Assert that each of these has one task, and that nobody was heard by two."""
    running = await stage.list_tasks()
    for room in rooms:
        check_says(await ask(stage, "why", room, exits=0), "The room is transcribed")
        assert len(running[room]) == 1
    assert stage.read_seconds()["doubled"] == 0
