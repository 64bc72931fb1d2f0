"""Checks of what outlives an invocation: the ledger, who shares it, and who is called to drain it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

from deploy.settings import is_private
from local.doctor.finding import Finding
from shared.errors import LedgerError, SettingsError
from shared.ledger import close_ledgers, open_ledger
from shared.settings import Settings

LEASE, LEASE_MS = "doctor", 1_000
REMEDY = "check LEDGER_URL and what it names"


def check_ledger(settings: Settings) -> Finding:
    """Open it, write to it, and leave it as it was."""
    try:
        use_ledger(settings.ledger_url)
    except SettingsError as error:
        return Finding("FAIL", "ledger", "; ".join(error.problems), REMEDY, "redis")
    except LedgerError as error:
        return explain_failure(str(error), settings.ledger_url)
    finally:
        close_ledgers()
    return Finding("ok", "ledger", f"{name_engine(settings.ledger_url)}: opened, written and read")


def use_ledger(url: str) -> None:
    """Take a lease and give it back: as little as shows that scripts and writing are allowed."""
    ledger, token = open_ledger(url), uuid.uuid4().hex
    ledger.take_lease(LEASE, token, time.time_ns() // 1_000_000, LEASE_MS)
    ledger.drop_lease(LEASE, token)


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
