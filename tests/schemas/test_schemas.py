"""docs/schemas are those of the code, are JSON Schemas, and fit what the docs show."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from local.development import ROOT
from shared.delivery.requests import TEST
from shared.ledger.events import EventType
from tests.schemas.documents import EVENTS, MESSAGES, make_schemas, write_schema
from tests.schemas.files import SCHEMAS, SUFFIX, read_schemas

MADE = make_schemas()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = "write docs/schemas anew: make schemas"


@pytest.mark.parametrize("name", MADE)
def test_file_is_as_the_code_has_it(name: str) -> None:
    written = (SCHEMAS / f"{name}{SUFFIX}").read_text(encoding="utf-8")
    assert written == write_schema(MADE[name]), COMMAND


def test_no_other_file_is_there() -> None:
    assert read_schemas(SCHEMAS).keys() == MADE.keys(), COMMAND


@pytest.mark.parametrize("name", MADE)
def test_schema_is_one_and_its_examples_fit(name: str) -> None:
    Draft202012Validator.check_schema(MADE[name])
    for example in MADE[name].get("examples", []):
        Draft202012Validator(MADE[name]).validate(example)


def test_every_type_of_event_is_there() -> None:
    assert EVENTS.keys() == {*get_args(EventType), TEST}


def test_every_message_is_said_somewhere() -> None:
    paths = [path for folder in ("shared", "functions") for path in (ROOT / folder).rglob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in paths if path.name != "log.py")
    assert [name for name in MESSAGES if f'"{name}"' not in text] == []


def test_event_of_a_later_release_is_one_but_no_known_type_in_another_form() -> None:
    validator = Draft202012Validator(MADE["events"])
    event = {"type": "room.opened", "timestamp": "2026-11-26T09:30:00.250Z", "data": {}}
    assert validator.is_valid(event)
    assert not validator.is_valid({**event, "type": "room.silent"})
    assert not validator.is_valid({**event, "type": 7})


def test_event_on_the_page_is_one() -> None:
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    (body,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    Draft202012Validator(MADE["events"]).validate(json.loads(body))


def test_events_in_the_docs_are_as_the_schemas_say() -> None:
    names = "|".join(name.partition("/")[2] for name in MADE if name.startswith("console/"))
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    told = re.findall(rf"^```json ({names})\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert {name for name, _ in told} >= {"start_transcription", "set_people", "deliveries"}
    for name, event in told:
        Draft202012Validator(MADE[f"console/{name}"]).validate(json.loads(event))
