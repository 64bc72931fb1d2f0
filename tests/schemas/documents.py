"""JSON Schemas of what Roomscribe writes and reads, made from the structs of the code."""

from __future__ import annotations

import importlib
import json
from inspect import cleandoc
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, defstruct
from msgspec.structs import FieldInfo, fields

from shared.console.people import PeopleEvent, Told
from shared.console.request import RoomEvent
from shared.delivery import contents
from shared.delivery.requests import TEST, DeliveriesEvent
from shared.fleet.describe import FleetEvent
from shared.fleet.missed import MissedEvent
from shared.log import KEYS, LEVELS, SERVICE, Message
from shared.reconciling.reconcile import ReconcileEvent
from shared.rules.decision import Rule
from shared.rules.file import OVERRIDABLE
from shared.scf import Json
from shared.transcripts.files import Document

DIALECT = "https://json-schema.org/draft/2020-12/schema"

# Of a log line: what every line has, and the keys whose values are no text.
EVERY_LINE = KEYS[: KEYS.index("function_request_id") + 1]
NOT_TEXT: dict[str, Json] = {
    "level": {"enum": [*LEVELS]},
    "service": {"const": SERVICE},
    "cold_start": {"type": "boolean"},
    "elapsed_ms": {"type": "number"},
    **{
        key: {"type": "integer"}
        for key in ("function_memory_size", "sdk_app_id", "room_id_type", "role", "event_type")
    },
    **{key: {"type": "integer"} for key in ("event_ms", "start_latency_ms")},
}
MESSAGES = sorted(get_args(Message))


class SessionData(Struct):
    """What every event says of its session; `version` is the transcript's, 0: it is about no text."""

    session: str
    sdk_app_id: int
    room_id: str
    room_id_type: Literal[0, 1]
    rule: str
    reference: str
    version: Annotated[int, Meta(ge=0)]


class StartedData(SessionData):
    """A task runs; `target` is `*`, or the user whom it transcribes."""

    service: Literal["cloud", "ai"]
    target: str
    task_id: str


class FailedData(SessionData):
    """A start has failed."""

    service: Literal["cloud", "ai"]
    target: str
    error_code: str


class SilentData(StartedData):
    """A microphone is on, and nothing was heard since `silent_since_ms` (since 1970)."""

    silent_since_ms: int


class TextData(SessionData):
    """A transcript is complete, or has changed since; with an archive, the `keys` of its files there.

    `speakers` counts at most 50: when it is 50, there may be more.
    """

    sentences: Annotated[int, Meta(ge=0)]
    speakers: Annotated[int, Meta(ge=0)]
    languages: list[str]
    archive: str | UnsetType = UNSET
    keys: list[str] | UnsetType = UNSET


class DeletedData(SessionData):
    """A transcript was deleted; `version` is the one that the deletion made."""


class TestData(Struct):
    """Nothing has happened: `./roomscribe deliveries test` asked for it."""

    text: str


EVENTS: dict[str, type[Struct]] = {
    "transcription.started": StartedData,
    "transcription.failed": FailedData,
    "room.silent": SilentData,
    "transcript.completed": TextData,
    "transcript.updated": TextData,
    "transcript.deleted": DeletedData,
    TEST: TestData,
}


def make_schemas() -> dict[str, Json]:
    """Every schema by its file's name, without its ending."""
    console = {
        f"console/{name}": _describe(name, schema) for name, schema in make_console().items()
    }
    schemas = {
        "transcript": msgspec.json.schema(Document),
        "events": make_events(),
        "meta": msgspec.json.schema(contents.Meta),
        "log": make_log(),
        **console,
    }
    return {name: {"$schema": DIALECT, **_clean(schema)} for name, schema in schemas.items()}


def _clean(schema: Any) -> Any:
    """The schema with each docstring's indentation taken away, as newer versions of Python do it."""
    if isinstance(schema, list):
        return [_clean(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: cleandoc(value) if key == "description" and isinstance(value, str) else _clean(value)
        for key, value in schema.items()
    }


def write_schema(schema: Json) -> str:
    """The text of a schema's file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def make_events() -> Json:
    """Events as endpoints receive them: a known type with its data, or a type of a later release."""
    refs, parts = msgspec.json.schema_components(EVENTS.values(), ref_template="#/$defs/{name}")
    known = [_make_event({"const": type_}, ref) for type_, ref in zip(EVENTS, refs, strict=True)]
    later = _make_event({"type": "string", "not": {"enum": [*EVENTS]}}, {"type": "object"})
    description = "What is sent to the endpoints of EVENTS_URL. New types and new keys may come."
    return {"title": "Event", "description": description, "anyOf": [*known, later], "$defs": parts}


def _make_event(type_: Json, data: Json) -> Json:
    properties = {
        "type": type_,
        "timestamp": {"type": "string", "format": "date-time"},
        "data": data,
    }
    return {"type": "object", "properties": properties, "required": [*properties]}


def make_log() -> Json:
    """A log line of a function; another message, or another key, may come with a later release."""
    properties = {key: NOT_TEXT.get(key, {"type": "string"}) for key in KEYS}
    name = {"type": "string", "pattern": r"^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$"}
    properties["message"] = {"anyOf": [{"enum": MESSAGES}, name]}
    return {
        "title": "Line",
        "description": "A line that a function logs. New messages and new keys may come.",
        "type": "object",
        "properties": properties,
        "required": [*EVERY_LINE],
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    }


def make_console() -> dict[str, Json]:
    """The event of each function that a person or a program invokes, by the function's name."""
    rule = [_make_optional(item) for item in fields(Rule) if item.name in OVERRIDABLE]
    session = ("session", str | UnsetType, UNSET)
    one_user = _extend(Told, [(one.name, one.type, one.default) for one in fields(PeopleEvent)[1:]])
    return {
        "start_transcription": _make_schema(_extend(RoomEvent, rule)),
        "stop_transcription": _make_schema(
            _extend(RoomEvent, [("by", str | UnsetType, UNSET)], is_closed=False)
        ),
        "describe_room": _make_schema(RoomEvent),
        "delete_transcript": _make_schema(
            _extend(RoomEvent, [session, ("when", Literal["now"], "now")])
        ),
        "set_people": _make_schema(PeopleEvent, one_user),
        "deliveries": _make_schema(DeliveriesEvent),
        "describe_fleet": _make_schema(FleetEvent),
        "list_missed": _make_schema(MissedEvent),
        "reconcile_rooms": _make_schema(ReconcileEvent),
        "check_deployment": {"type": "object"},
    }


def _make_optional(item: FieldInfo) -> tuple[str, Any, object]:
    """A key of a rule as an event may have it: one value of a list may stand alone."""
    alone = get_args(item.type)[0] | item.type if item.name == "ignore_users" else item.type
    return item.name, alone | UnsetType, UNSET


def _extend(base: type[Struct], more: list[Any], *, is_closed: bool = True) -> type[Struct]:
    """`base` with more fields; an unknown key is refused if it `is_closed`."""
    return defstruct("Event", more, bases=(base,), frozen=True, forbid_unknown_fields=is_closed)


def _make_schema(*kinds: type[Struct]) -> Json:
    """The schema of an event of one of these kinds; the functions' own words describe it."""
    refs, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for part in parts.values():
        part.pop("description", None)
    return {"anyOf": [*refs], "$defs": parts} if refs[1:] else {**refs[0], "$defs": parts}


def _describe(name: str, schema: Json) -> Json:
    """The schema with the function's own description, and its example."""
    function = importlib.import_module(name)
    described = {"title": name, "description": str(function.__doc__).strip(), **schema}
    return (
        {**described, "examples": [function.EXAMPLE]} if "EXAMPLE" in vars(function) else described
    )
