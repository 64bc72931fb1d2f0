"""What a run of the local cloud writes and reads is as the schemas say, and nothing wrong would be."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from shared.scf import Json
from tests.schemas.documents import EVENTS
from tests.schemas.files import SCHEMAS, read_schemas
from tests.support.local_commands import serve_local

WRONG: list[object] = [[]]  # in place of any value: no key has a list of lists
STARTS = ["CreateCloudTranscription", "StartAITranscription"]
VALIDATORS = {name: Draft202012Validator(schema) for name, schema in read_schemas(SCHEMAS).items()}
CONSOLE = [name.partition("/")[2] for name in VALIDATORS if name.startswith("console/")]
# What may be absent, by the schema's name; of a log line everything that not every line has.
OPTIONAL = {
    "transcript": {"names", "notice", "state"},
    "events": {"archive", "keys"},
    "meta": {"reason", "task_ids", "error_code"},
}
EVERY_LINE = {
    *("level", "location", "message", "timestamp", "service", "version", "cold_start"),
    *("function_name", "function_version", "function_memory_size", "function_request_id"),
}
FREE = ("task_ids", "translations", "names", "cloud")  # whose keys the schemas do not name


class Run:
    """A local cloud on a manual clock, in which everything happens that events tell of."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def post(self, path: str, body: object) -> Any:
        """What a POST is answered."""
        return self.http.post(path, json=body).raise_for_status().json()

    def move(self, seconds: int) -> None:
        """Time passes."""
        self.post("/clock", {"advance_s": seconds})

    def create(self, room_id: str) -> None:
        """A room with Amy in it."""
        self.post("/rooms", {"room_id": room_id, "room_id_type": 1, "user_id": "amy"})

    def say(self, room_id: str, text: str) -> None:
        """Amy says something there, which is translated."""
        said = {"user_id": "amy", "text": text, "translations": {"zh": "早"}}
        self.post(f"/rooms/{room_id}/say", said)

    def play(self) -> None:
        """A meeting of which a sentence comes late, one that fails, a silent one; then all is deleted."""
        self.create("class-1")
        self.move(5)
        self.say("class-1", "Good morning.")
        late = {"where": "callback", "what": "delay", "ms": 90_000, "events": [1403]}
        self.post("/faults", late)
        self.say("class-1", "Good bye.")
        self.post("/rooms/class-1/dismiss", {})
        self.move(60)
        self.post(
            "/faults",
            {"where": "api", "what": "error", "code": "InvalidParameter", "actions": STARTS},
        )
        self.create("class-2")
        self.move(120)
        self.http.delete("/faults")
        self.create("class-3")
        self.post("/rooms/class-3/audio", {"user_id": "amy", "on": True})
        self.move(600)

    def list_events(self) -> list[Json]:
        """What the receiver was sent."""
        received = self.http.get("/events").json()["events"]
        assert all(one["verified"] for one in received)
        return [{key: one[key] for key in ("type", "timestamp", "data")} for one in received]

    def read_archived(self, name: str) -> list[Json]:
        """The files of that name in the bucket."""
        keys = [one["key"] for one in self.http.get("/cos/objects").json()["objects"]]
        return [self.http.get(f"/cos/objects/{key}").json() for key in keys if key.endswith(name)]

    def list_lines(self) -> list[Json]:
        """What the functions have logged."""
        self.create("the last")
        lines = []
        with self.http.stream("GET", "/feed?after=0") as feed:
            for text in feed.iter_lines():
                entry = json.loads(text[5:]) if text.startswith("data:") else {}
                if entry.get("kind") == "function.log":
                    lines.append(entry["line"])
                if entry.get("room_id") == "the last":
                    break
        return lines


def list_changes(document: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any, Any]]:
    """Each key of a document at any depth; the document without it, and with a wrong value in it."""
    values = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in values:
        if isinstance(key, str):
            without, wrong = deepcopy(document), {**document, key: WRONG}
            del without[key]
            yield key, without, wrong
        if isinstance(value, dict | list) and key not in FREE:
            for name, *changes in list_changes(value):
                with_changes = [deepcopy(document), deepcopy(document)]
                for one, change in zip(with_changes, changes, strict=True):
                    one[key] = change
                yield name, *with_changes


def check(name: str, documents: list[Json]) -> None:
    """Each document is as the schema says, and would not be without a key, or with a wrong value."""
    assert documents
    validator = VALIDATORS[name]
    for document in documents:
        validator.validate(document)
        for key, without, wrong in list_changes(document):
            is_needed = key in EVERY_LINE if name == "log" else key not in OPTIONAL[name]
            assert validator.is_valid(without) != is_needed, (key, document)
            assert not validator.is_valid(wrong), (key, document)


def check_function(run: Run, name: str) -> None:
    """A function takes its example, and refuses what its schema refuses."""
    validator = VALIDATORS[f"console/{name}"]
    example: Mapping[str, Any] = getattr(importlib.import_module(name), "EXAMPLE", {})
    validator.validate(example)
    answer = run.post(f"/invoke/{name}", example)
    assert "the event" not in answer.get("message", ""), answer
    for key, _, wrong in list_changes({**example, "unheard_of": 1}):
        event = (
            wrong if key == "unheard_of" else {k: v for k, v in wrong.items() if k != "unheard_of"}
        )
        answer = run.post(f"/invoke/{name}", event)
        is_refused = answer.get("error_code") in ("bad_request", "rules")
        assert is_refused != validator.is_valid(event), (event, answer)


@pytest.mark.slow
def test_what_is_written_and_read_is_as_the_schemas_say() -> None:
    with (
        serve_local("up", "--port", "0", "--clock", "manual") as up,
        httpx.Client(base_url=f"{up.url}/_local", timeout=60) as http,
    ):
        run = Run(http)
        run.play()
        check("meta", run.read_archived("meta.json"))
        check("transcript", run.read_archived("transcript.json"))
        run.post("/invoke/delete_transcript", {"room_id": "class-1"})
        run.post("/invoke/deliveries", {"action": "test"})
        run.move(60)
        events = run.list_events()
        assert {event["type"] for event in events} == EVENTS.keys()
        check("events", events)
        for name in CONSOLE:
            check_function(run, name)
        lines = run.list_lines()
        check("log", lines)
        assert len({line["message"] for line in lines}) > 15
