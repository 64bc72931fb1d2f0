"""Triggers: function URLs and timers.

Source: SCF API 2018-04-16, CreateTrigger and ListTriggers with its example; SCF documentation, trigger
configuration (product 583, document 39901) and function URL (96099, 107631).
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.cloud.errors import ApiError

TYPES = ("http", "timer")  # of SCF's, those that are served here
TIMER_NAME = re.compile(r"[\w-]{1,100}", re.ASCII)
CRON_FIELD = re.compile(r"[\dA-Z*/,?L#W-]+")
EVERY_S = re.compile(r"\*/([1-9]\d?)( \*){6}")
ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass
class Trigger:
    """One trigger; `url_id` is a function URL's own, for as long as the trigger exists."""

    name: str
    kind: str
    qualifier: str
    description: Mapping[str, Any]
    added_ms: int
    modified_ms: int
    is_open: bool = True
    argument: str = ""
    remark: str = ""
    url_id: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the others of its function."""
        return self.kind, self.name, self.qualifier

    @property
    def answers(self) -> bool:
        """Whether its URL runs the function for everybody."""
        net = self.description.get("NetConfig", {})
        is_public = self.description.get("AuthType") == "NONE" and net.get("EnableExtranet") is True
        return self.kind == "http" and self.is_open and is_public

    @property
    def period_ms(self) -> int | None:
        """How often it fires, for the cron expressions that the emulator knows: every N seconds."""
        found = EVERY_S.fullmatch(self.description.get("cron", ""))
        return int(found[1]) * 1000 if found and self.is_open else None


def read_trigger(asked: Mapping[str, Any], now_ms: int) -> Trigger:
    """A new trigger as a request describes it; raises ApiError."""
    kind, name = asked["Type"], asked["TriggerName"]
    if kind not in TYPES:
        words = f"Here are triggers of the types {', '.join(TYPES)} only."
        raise ApiError("InvalidParameterValue.Type", words)
    if not TIMER_NAME.fullmatch(name):
        words = "TriggerName must be 1 to 100 letters, digits, - and _."
        raise ApiError("InvalidParameterValue.TriggerName", words)
    qualifier = asked.get("Qualifier") or "$LATEST"
    description = read_description(kind, asked.get("TriggerDesc", ""))
    trigger = Trigger(name, kind, qualifier, description, now_ms, now_ms)
    if kind == "http":
        trigger.url_id = "".join(secrets.choice(ID_LETTERS) for _ in range(10))
    adjust_trigger(trigger, asked, now_ms)
    return trigger


def change_trigger(trigger: Trigger, asked: Mapping[str, Any], now_ms: int) -> None:
    """Take in a change of a trigger; raises ApiError."""
    if asked.get("TriggerDesc"):
        trigger.description = read_description(trigger.kind, asked["TriggerDesc"])
    adjust_trigger(trigger, asked, now_ms)


def adjust_trigger(trigger: Trigger, asked: Mapping[str, Any], now_ms: int) -> None:
    """Take in what every trigger can be told; what is not said stays."""
    trigger.is_open = asked["Enable"] == "OPEN" if "Enable" in asked else trigger.is_open
    trigger.argument = asked.get("CustomArgument", trigger.argument)
    trigger.remark = asked.get("Description", trigger.remark)
    trigger.modified_ms = now_ms


def read_description(kind: str, text: str) -> dict[str, Any]:
    """A TriggerDesc: JSON for a function URL, a cron expression for a timer; raises ApiError."""
    return _read_cron(text) if kind == "timer" else _read_url(text)


def _read_cron(text: str) -> dict[str, str]:
    """Seven fields, the seconds first, or the older five."""
    fields = text.split()
    if len(fields) not in (5, 7) or not all(CRON_FIELD.fullmatch(one) for one in fields):
        words = "TriggerDesc must be a cron expression of seven fields, the seconds first."
        raise ApiError("InvalidParameterValue.TriggerCronConfig", words)
    return {"cron": text}


def _read_url(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
        auth, net = value["AuthType"], value["NetConfig"]
        flags = [net["EnableIntranet"], net["EnableExtranet"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        auth, net, flags = None, None, []
    if auth not in ("NONE", "CAM") or not flags or not all(type(flag) is bool for flag in flags):
        words = (
            'TriggerDesc must be {"AuthType": "NONE" or "CAM", '
            '"NetConfig": {"EnableIntranet": bool, "EnableExtranet": bool}}.'
        )
        raise ApiError("InvalidParameterValue.TriggerDesc", words)
    return {
        "AuthType": auth,
        "NetConfig": {"EnableIntranet": flags[0], "EnableExtranet": flags[1]},
    }
