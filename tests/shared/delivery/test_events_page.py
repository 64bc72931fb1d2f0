"""docs/events.md: its example is what is sent, and its code verifies it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
from standardwebhooks import WebhookVerificationError

from shared.delivery.payloads import compose
from shared.delivery.telling import MOST_TRIES, PAUSES_S
from shared.ledger.events import Event, EventType, Facts
from shared.scf import now_ms
from tests.emulator.official_clients import NODE_MODULES, find_missing_node
from tests.support.event_endpoints import NEW_SECRET, OLD_SECRET, sign

PAGE = (Path(__file__).parents[3] / "docs" / "events.md").read_text(encoding="utf-8")


def find_code(language: str) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert isinstance(code, str)
    return code


BODY = find_code("json")


def test_example_is_what_is_sent() -> None:
    facts: Facts = {"service": "cloud", "target": "*", "task_id": "v5Bwmz2GvCjDXgb"}
    session, at_ms = "1400000000/1/class-7/1795685400000", 1_795_685_400_250
    event = Event(
        "msg_1", "transcription.started", session, "everything else", "course-9", at_ms, facts=facts
    )
    assert json.loads(compose(event)) == json.loads(BODY)


def test_every_type_is_named() -> None:
    named = set(re.findall(r"^\| `(\w+\.\w+)`", PAGE, re.MULTILINE))
    assert named == {*get_args(EventType), "roomscribe.test"}


def test_pauses_are_those_of_the_code() -> None:
    said = "5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h"
    assert said in " ".join(PAGE.split())
    hours = [2, 5, 10, 14, 20, 24]
    assert (5, 5 * 60, 30 * 60, *(each * 3600 for each in hours)) == PAUSES_S
    assert MOST_TRIES == 10


def test_python_example_verifies() -> None:
    scope: dict[str, Any] = {}
    exec(find_code("python"), scope)  # noqa: S102  it is the page's
    headers = sign(NEW_SECRET, now_ms() // 1000, BODY)
    assert scope["receive"](BODY.encode(), headers, NEW_SECRET) == "transcription.started"
    with pytest.raises(WebhookVerificationError):
        scope["receive"](BODY.encode(), headers, OLD_SECRET)


@pytest.mark.skipif(find_missing_node() is not None, reason=str(find_missing_node()))
def test_node_example_verifies() -> None:
    headers = sign(NEW_SECRET, now_ms() // 1000, BODY)
    calls = [json.dumps([BODY, headers, secret]) for secret in (NEW_SECRET, OLD_SECRET)]
    code = find_code("js") + "".join(
        f"try {{ console.log(receive(...{call})); }} catch (error) {{ console.log('refused'); }}\n"
        for call in calls
    )
    done = subprocess.run(
        ["node", "-"],
        input=code,
        env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["transcription.started", "refused"]
