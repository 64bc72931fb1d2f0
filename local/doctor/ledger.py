"""Checks of what outlives an invocation: the ledger, who shares it, and who is called to drain it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from deploy.settings import is_private
from local.doctor.finding import LEVELS, Finding
from shared.console.checks import read_ledger
from shared.errors import LedgerError, SettingsError
from shared.ledger import close_ledgers, open_ledger
from shared.remedies import TABLE
from shared.settings import Settings

OLDER_KEYS = "roomscribe:*"
SCANS, KEYS_A_SCAN = 20, 1_000
MB = 1024 * 1024
# A log of 16 MB is written before it goes into the file: shared/ledger/sqlite_file.py.
SCARCE_MB, LOW_MB = 64, 1024
REMEDY = TABLE["ledger"].remedy


def check_ledger(settings: Settings) -> Iterator[Finding]:
    """Open it, write to it, and leave it as it was; whether it keeps what it has, and has room for more."""
    url = settings.ledger_url
    try:
        level, text = read_ledger(open_ledger(url, name=settings.ledger_name), settings)
        has_older_keys = find_older_keys(url)
    except SettingsError as error:
        yield Finding("FAIL", "ledger", "; ".join(error.problems), REMEDY, "redis")
        return
    except LedgerError as error:
        yield explain_failure(str(error), url)
        return
    finally:
        close_ledgers()
    used = f"{name_engine(url)}: opened, written and read"
    if has_older_keys:
        text = f"{used}; an older version's ledger, {OLDER_KEYS}, lies beside it and is not read"
        remedy = "delete those keys when no room of that version is open"
        yield Finding("warn", "ledger", text, remedy, "redis")
    else:
        yield Finding("ok", "ledger", used)
    if url.startswith("sqlite:"):
        free = shutil.disk_usage(Path(url.removeprefix("sqlite:///")).absolute().parent).free
        yield judge_disk(free)
    else:
        text, _, remedy = text.partition("; ")
        yield Finding(LEVELS.get(level, "FAIL"), "memory", text, remedy, "redis")


def judge_disk(free: int) -> Finding:
    """Whether an SQLite ledger has room on its disk, which has so many bytes free."""
    text = f"{free // MB:,} MB are free on the disk of the SQLite file"
    if free < SCARCE_MB * MB:
        return Finding("FAIL", "memory", text, "free space: without it no start is kept", "redis")
    if free < LOW_MB * MB:
        return Finding("warn", "memory", text, "free space before it is full", "redis")
    return Finding("ok", "memory", text)


def find_older_keys(url: str) -> bool:
    """Whether an older version's keys are in a Redis database, as far as a short look shows."""
    if url.startswith("sqlite:"):
        return False
    from shared.ledger.redis_server import Server

    cursor = 0
    with contextlib.closing(Server(url)) as server:
        for _ in range(SCANS):
            scan = ("SCAN", cursor, "MATCH", OLDER_KEYS, "COUNT", KEYS_A_SCAN)
            ((cursor, keys),) = server.ask(scan)
            if keys or not cursor:
                return bool(keys)
    return False


def explain_failure(text: str, url: str) -> Finding:
    """Why it cannot be used; from a laptop a Redis in a VPC is out of reach, and may be well."""
    if is_private(url):
        remedy = "if this is not a machine of that VPC, run describe_room on SCF: it says the same"
        return Finding("warn", "ledger", f"unknown: {text}", remedy, "redis")
    return Finding("FAIL", "ledger", text, REMEDY, "redis")


def check_sharing(settings: Settings, *, at_home: bool) -> Finding:
    """Whether all instances would see it."""
    if not settings.ledger_url.startswith("sqlite:"):
        return Finding("ok", "sharing", "all instances see one ledger")
    if at_home:
        return Finding("ok", "sharing", "all instances on this machine see one ledger")
    text = "on SCF every instance would have an SQLite file of its own, and nothing is left due"
    return Finding("warn", "sharing", text, "name a Redis in LEDGER_URL", "redis")


def check_draining(settings: Settings) -> Iterator[Finding]:
    """Whether a start that cannot finish is taken up at once, or when the timer comes."""
    if settings.drain_function is None:
        text = "DRAIN_FUNCTION: not set, so that what is left due waits for the timer, up to 30 s"
        yield Finding("warn", "draining", text, "set it to drain_starts' deployed name", "settings")
        return
    text = f"permission to invoke {settings.drain_function}: unknown, SCF has no dry run"
    remedy = f"allow scf:InvokeFunction on …/function/{settings.drain_function}; the log line "
    remedy += "drain.not_called says that it is missing"
    yield Finding("warn", "draining", text, remedy, "the-run-role")


def name_engine(url: str) -> str:
    """What keeps it, without address and password."""
    return {"sqlite": "SQLite"}.get(url.partition(":")[0], "Redis")
