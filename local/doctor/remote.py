"""`doctor --remote`: what the deployment finds when it checks itself, and what its fleet tells."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from local.doctor.api import UNKNOWN, find_place
from local.doctor.clock import judge_clock, measure_skew
from local.doctor.finding import LEVELS, Finding
from local.doctor.fleet import explain_fleet
from local.errors import LocalError
from local.printable import make_printable
from local.remote import RefusalError, Where, invoke
from shared import VERSION
from shared.errors import NotSharedError
from shared.remedies import find_advice
from shared.settings import Settings

CHECK = "remote"
UPDATE = "deploy this version"
PLACES = {"ledger": "redis", "archive": "archive", "API": "credentials"}


def check_remotely(where: Where, settings: Settings | None) -> Iterator[Finding]:
    """The findings of check_deployment, its clock, and the fleet; says what could not be asked, and why."""
    began_s = time.time()
    try:
        answer = invoke("check_deployment", {}, where)
    except LocalError as error:
        text = f"ledger, API, archive and clock are unknown there: {make_printable(str(error))}"
        remedy = (
            "mend what it says; else deploy this version, and allow these keys scf:InvokeFunction"
        )
        yield Finding("FAIL", CHECK, text, remedy, "deploy")
        return
    middle_s = (began_s + time.time()) / 2
    yield Finding("ok", CHECK, "settings and rules are right there")
    yield judge_version(answer)
    yield from read_findings(answer)
    yield judge_there(answer, middle_s, measure_skew(settings) if settings else None)
    yield from check_fleet(where)


def read_findings(answer: Mapping[str, object]) -> Iterator[Finding]:
    """The findings in an answer of check_deployment; error codes of the API come with their meaning."""
    found = answer.get("findings")
    for one in found if isinstance(found, list) else ():
        check, text = str(one.get("check")), make_printable(str(one.get("text")))
        remedy, place = str(one.get("remedy") or ""), PLACES.get(check, "settings")
        level = LEVELS.get(str(one.get("level")), "FAIL")
        if check == "API" and level != "ok" and not remedy:
            code = text.partition(" ")[0]
            advice, place = find_advice(code) or UNKNOWN, find_place(code) or place
            text, remedy = f"{text}: {advice.reason}", advice.remedy
        if level != "ok":
            remedy = remedy or "see the function's log"
        yield Finding(level, CHECK, f"{check}: {text}", remedy, place)


def judge_version(answer: Mapping[str, object]) -> Finding:
    """Whether what is deployed is the version that lies here; the first ones did not tell theirs."""
    there = make_printable(str(answer.get("version") or "unknown"))
    if there == VERSION:
        return Finding("ok", CHECK, f"version: {there}")
    text = f"version: {there} there, {VERSION} here"
    return Finding("warn", CHECK, text, "deploy this version, or use the other here", "deploy")


def judge_there(answer: Mapping[str, object], middle_s: float, ahead_s: float | None) -> Finding:
    """How far the deployment's clock is from the API's; `ahead_s` is how far this machine's is.

    `middle_s` is this machine's time halfway through the call, which the answer's is compared with.
    """
    now_ms = answer.get("now_ms")
    if ahead_s is not None and isinstance(now_ms, int):
        return judge_clock(now_ms / 1000 - middle_s + ahead_s, "there ")
    return judge_clock(None, "there ")


def check_fleet(where: Where) -> Iterator[Finding]:
    """Use of the quota, backlog and last callbacks, as describe_fleet tells them."""
    try:
        answer = invoke("describe_fleet", {}, where)
    except RefusalError as error:
        text, advice = f"unknown: {make_printable(str(error))}", find_advice(error.code)
        place = "redis" if error.code == NotSharedError.code else "deploy"
        yield Finding("warn", "fleet", text, advice.remedy if advice else UPDATE, place)
        return
    except LocalError as error:
        text = f"unknown: {make_printable(str(error))}"
        yield Finding("warn", "fleet", text, UPDATE, "deploy")
        return
    yield from explain_fleet(answer)
