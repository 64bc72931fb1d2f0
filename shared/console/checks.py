"""Whether a deployment works: what can be tried only where it runs, in its network and with its role."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared import VERSION
from shared.archive.archive import open_archive
from shared.console.request import Result
from shared.errors import ApiError, LedgerError, RoomscribeError
from shared.ledger import Ledger
from shared.ledger.meetings import Place, walk_meetings
from shared.resources import Resources
from shared.scf import Json, now_ms
from shared.services.kinds import is_gone
from shared.services.service import SERVICES
from shared.settings import Settings
from shared.transcripts.records import FOR_EVER_MS

if TYPE_CHECKING:
    from shared.ledger.redis_server import Server

NEWEST = 50  # meetings that are read
NAME = "roomscribe-doctor"  # of a lease, and of a task that is not there
Found = tuple[str, str]  # "ok", "warn" or "FAIL", and "what was found; what to do about it"


def check_deployment(_event: Json, resources: Resources) -> Result:
    """What each check found, and which version this is; an answer shows that settings and rules are right."""
    findings = []
    for check, work in (
        ("ledger", lambda one: read_ledger(one.ledger, one.settings)),
        ("API", _try_api),
        ("archive", _try_archive),
        ("events", _resolve_endpoints),
    ):
        try:
            level, text = work(resources)
        except RoomscribeError as error:
            level, text = "FAIL", str(error)
        found, _, remedy = text.partition("; ")
        findings.append({"level": level, "check": check, "text": found, "remedy": remedy})
    told = {"version": VERSION, "now_ms": resources.now_ms()}
    return [], {"outcome": "checked", "findings": findings, **told}


def read_ledger(ledger: Ledger, settings: Settings) -> Found:
    """What `try_ledger` finds, if each application's newest meetings can be read.

    Raises NewerError where this code cannot, LedgerError without a ledger.
    """
    for one in settings.applications:
        next(walk_meetings(ledger, one.sdk_app_id, Place(FOR_EVER_MS), 0, NEWEST), None)
    return try_ledger(ledger)


def try_ledger(ledger: Ledger) -> Found:
    """Take a lease and give it back, which takes scripts and writing, and look at its Redis."""
    ledger.take_lease(NAME, NAME, now_ms(), 1_000)
    ledger.drop_lease(NAME, NAME)
    server: Server | None = getattr(ledger.engine, "server", None)  # SQLite has none
    return _judge_redis(server) if server else ("ok", "SQLite can be written")


def _judge_redis(server: Server) -> Found:
    """Whether a Redis keeps all that is written to it, and has room for more."""
    info: Json = {}
    with suppress(LedgerError):
        (info,) = server.ask(("INFO",))
    if not {"used_memory", "maxmemory", "maxmemory_policy"} <= info.keys():
        return "warn", "Redis tells neither memory nor policy; allow +info, or see its console"
    used = info["used_memory"] / (info["maxmemory"] or float("inf"))
    text = f"Redis {info.get('redis_version')}, {info['maxmemory_policy']}, {used:.0%} of maxmemory"
    if used and info["maxmemory_policy"] != "noeviction":
        return "FAIL", f"{text}: when full it forgets rooms; set maxmemory-policy to noeviction"
    level = "FAIL" if used > 0.9 else "warn" if used > 0.7 else "ok"
    return level, text if level == "ok" else f"{text}; give it more memory"


def _try_api(resources: Resources) -> Found:
    app, rules = resources.settings.applications[0], resources.rules.rules
    rule = next((one for one in rules if one.service in SERVICES), rules[0])
    service = SERVICES.get(rule.service, SERVICES["cloud"])
    action, region = service.actions["describe"], rule.region(service.name)
    try:
        resources.client.call(action, service.name_task(app.sdk_app_id, NAME), region, 4.0)
    except ApiError as error:
        if not (is_gone(service.name, error) or error.code == "InvalidParameter.TaskId"):
            raise
    return "ok", f"{action} in {region or 'no region'}: accepted"


def _try_archive(resources: Resources) -> Found:
    url = resources.settings.archive_url
    if url is None:
        return "ok", "ARCHIVE_URL: not set"
    archive, key = open_archive(url, resources.settings.ca), "doctor/probe"
    archive.put(key, b"a probe of doctor's, which may be deleted", "text/plain")
    archive.get(key)
    archive.delete(key)
    return "ok", f"{archive.place}: a probe was written, read and deleted"


def _resolve_endpoints(resources: Resources) -> Found:
    """Whether each event endpoint's name leads to addresses that events may be sent to; nothing is sent."""
    # Late: delivery imports the console.
    from shared.delivery.addresses import AddressRefusedError, resolve_host

    settings = resources.settings
    private = settings.events_allow_private
    for number, endpoint in enumerate(settings.endpoints, 1):
        name = f"address {number} of EVENTS_URL"
        try:
            resolve_host(urlsplit(endpoint.url), socket.getaddrinfo, allow_private=private)
        except (OSError, UnicodeError):
            return "FAIL", f"{name}: its host is not found here; correct it, or the DNS of the VPC"
        except AddressRefusedError:
            remedy = "name a public one, or set EVENTS_ALLOW_PRIVATE if it is in your own network"
            return "FAIL", f"{name} leads to a network that no event is sent to; {remedy}"
    found = "every host is found, and nothing was sent" if settings.endpoints else "not set"
    return "ok", f"EVENTS_URL: {found}"
