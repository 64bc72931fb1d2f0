"""Clocks: how far one is from another, by the Date of an answer."""

from __future__ import annotations

import ssl
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from local.doctor.finding import Finding
from shared.settings import Settings

TIMEOUT_S = 10.0
PLACE, REMEDY = "credentials", "set it, with NTP"
# Source: Tencent Cloud API, signature v3: a request more than five minutes off is refused.
LARGEST_SKEW_S, LARGE_SKEW_S = 300, 30


def check_clock(settings: Settings) -> Finding:
    """How far this machine's clock is from the API's."""
    return judge_clock(measure_skew(settings), "")


def judge_clock(ahead_s: float | None, whose: str) -> Finding:
    """What it means that a clock is so many seconds ahead of the API's; `whose` begins the text."""
    if ahead_s is None:
        remedy = "compare it with another clock"
        return Finding("warn", "clock", f"{whose}unknown: no answer with a date", remedy, PLACE)
    text = f"{whose}{write_skew(ahead_s)} the API's"
    if abs(ahead_s) > LARGEST_SKEW_S:
        return Finding("FAIL", "clock", f"{text}; signatures are refused", REMEDY, PLACE)
    if abs(ahead_s) > LARGE_SKEW_S:
        return Finding("warn", "clock", text, REMEDY, PLACE)
    return Finding("ok", "clock", text)


def write_skew(ahead_s: float) -> str:
    """How far and which way: "65 s ahead of"."""
    return f"{abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'}"


def measure_skew(settings: Settings) -> float | None:
    """Seconds that this clock is ahead of the API's; None when that cannot be known."""
    url, verify = f"{settings.endpoint}/", _trust(settings.ca)
    try:
        return read_skew(httpx.get(url, verify=verify, timeout=TIMEOUT_S, trust_env=False))
    except (httpx.HTTPError, OSError):
        return None


def read_skew(answer: httpx.Response) -> float | None:
    """Seconds that this clock is ahead of the one that answered just now; a Date has whole seconds."""
    try:
        there = parsedate_to_datetime(answer.headers["date"]).timestamp() + 0.5
    except (KeyError, ValueError):
        return None
    return time.time() - answer.elapsed.total_seconds() / 2 - there


def _trust(ca: str | None) -> ssl.SSLContext | bool:
    """What httpx is to trust: a CA file or hashed directory of one's own, else the usual certificates."""
    if ca is None:
        return True
    directory = Path(ca).is_dir()
    return ssl.create_default_context(
        cafile=None if directory else ca, capath=ca if directory else None
    )
