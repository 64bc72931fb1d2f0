"""Viewers who poll as captions.js does, and the instance that answers one request after another.

What the instance needs for a request is measured; when requests come is reckoned. So nobody sleeps, and
whoever speaks takes nothing of the instance's time.
"""

from __future__ import annotations

import enum
import heapq
import importlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from statistics import mean
from typing import Any, NamedTuple

import msgspec

from benchmarks.ingest.reading import CONTEXT, Meeting
from local.development import LINK_KEY
from shared.ledger import open_ledger
from shared.links import read_link, sign_link
from shared.scf import Response, read_request, write_response

POLL_S = 1.0  # from an answer to the next poll, as in captions.js
SENTENCE_S = 3.0  # from one sentence, with its two translations, to the next
WATCHED_S = 9
SAID_BEFORE = 500

Json = dict[str, Any]
Handler = Callable[[Json, Json], Json]


class Kind(enum.Enum):
    """What is asked, and what comes; the bare handler verifies the link and looks nothing up."""

    BARE = "a bare handler"
    KNOWN = "nothing new (304)"
    NEWS = "news (200)"
    PREFLIGHT = "preflight (204)"


class Watched(NamedTuple):
    """What came of it: how long each poll waited, what each kind cost, how long the instance was at work."""

    viewers: int
    waits_ms: list[float]
    cpu_ms: dict[Kind, float]
    watched_s: float
    busy_s: float

    @property
    def share(self) -> float:
        """The share of the instance's time in which it was at work."""
        return self.busy_s / self.watched_s

    @property
    def share_of_one(self) -> float:
        """The share of its time that it needs for one viewer who gets every answer at once."""
        return self.busy_s / len(self.waits_ms) / POLL_S


class Viewer:
    """One page with captions: what it has read, and whether its browser has asked for this address."""

    def __init__(self, since: str, etag: str) -> None:
        self.since, self.etag = since, etag
        self.is_allowed = False


class Instance:
    """read_transcript in this process, and what it needed."""

    def __init__(self, handle: Handler, path: str) -> None:
        self._handle, self._path = handle, path
        self._cpu_s: dict[Kind, list[float]] = defaultdict(list)

    @property
    def cpu_ms(self) -> dict[Kind, float]:
        """The mean of every kind of request."""
        return {kind: 1000 * mean(each) for kind, each in self._cpu_s.items()}

    def poll(self, viewer: Viewer) -> float:
        """Answer a viewer's poll; how many seconds that took."""
        took_s = 0.0
        query, headers = {"since": viewer.since}, {"If-None-Match": viewer.etag}
        if not viewer.is_allowed:  # a browser asks once for each address, and `since` is part of it
            took_s += self._ask(Kind.PREFLIGHT, "OPTIONS", query, {})[0]
            viewer.is_allowed = True
        more_s, answer = self._ask(None, "GET", query, headers)
        if answer["statusCode"] == 200:
            viewer.since = msgspec.json.decode(answer["body"])["next"]
            viewer.etag, viewer.is_allowed = answer["headers"]["ETag"], False
        return took_s + more_s

    def enter(self) -> tuple[str, str]:
        """Read everything, as a page does first: what to ask next, and the ETag."""
        _, answer = self._ask(Kind.NEWS, "GET", {}, {})
        self._cpu_s.clear()
        return msgspec.json.decode(answer["body"])["next"], answer["headers"]["ETag"]

    def compare(self, times: int) -> None:
        """Answer as many polls by a handler that does nothing but verify the link."""
        event = self._write_event("GET", {"since": "1"}, {"If-None-Match": 'W/"x"'})
        for _ in range(times):
            began_s = time.process_time()
            answer_bare(event, CONTEXT)
            self._cpu_s[Kind.BARE].append(time.process_time() - began_s)

    def _ask(
        self, kind: Kind | None, method: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[float, Json]:
        event = self._write_event(method, query, headers)
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        answer = self._handle(event, CONTEXT)
        cpu_s, took_s = time.process_time() - began_cpu_s, time.perf_counter() - began_s
        status = answer["statusCode"]
        if status not in (200, 204, 304):
            raise RuntimeError(f"{method}: status {status}")
        self._cpu_s[kind or (Kind.NEWS if status == 200 else Kind.KNOWN)].append(cpu_s)
        return took_s, answer

    def _write_event(
        self, method: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Json:
        return {
            "httpMethod": method,
            "path": self._path,
            "queryString": dict(query),
            "headers": dict(headers),
        }


def watch_all(
    viewers: int, watched_s: float = WATCHED_S, said_before: int = SAID_BEFORE
) -> Watched:
    """Let so many viewers, evenly spread over the first second, read a live room."""
    meeting = Meeting(open_ledger(os.environ["LEDGER_URL"]), said_before)
    token = sign_link(LINK_KEY, meeting.session.id, int(time.time()) + 3600)
    instance = Instance(importlib.import_module("read_transcript").main_handler, f"/{token}.json")
    known = instance.enter()
    audience = [Viewer(*known) for _ in range(viewers)]
    polls = [(number * POLL_S / viewers, number) for number in range(viewers)]
    waits_ms, busy_s, free_s, speaks_s = [], 0.0, 0.0, SENTENCE_S / 2
    while polls[0][0] < watched_s:
        due_s, number = heapq.heappop(polls)
        begins_s = max(due_s, free_s)
        while speaks_s <= begins_s:
            meeting.say()
            speaks_s += SENTENCE_S
        took_s = instance.poll(audience[number])
        free_s, busy_s = begins_s + took_s, busy_s + took_s
        waits_ms.append((free_s - due_s) * 1000)
        heapq.heappush(polls, (free_s + POLL_S, number))
    instance.compare(len(waits_ms))
    return Watched(viewers, waits_ms, instance.cpu_ms, max(watched_s, free_s), busy_s)


def answer_bare(event: Json, _context: Json) -> Json:
    """A 304 for whoever has a link, of a session of which nothing is looked up."""
    request = read_request(event)
    token = request.path[1:].removesuffix(".json")
    session_id = read_link(LINK_KEY, token, int(time.time()))
    return write_response(Response(304 if session_id else 403, ""))
