"""What runs the functions: made where it is missing, mended where somebody has changed it.

Source: SCF API 2018-04-16, CreateTrigger, UpdateTrigger and ListTriggers.
"""

from __future__ import annotations

import json
from typing import Any

from deploy.calls import CallError, DeployError, Scf
from deploy.functions import CRON, QUALIFIER, Function, Json, describe_trigger
from deploy.states import States

LOOKS = 30  # the address of a new function URL can take 15 s
MOST_TRIGGERS = 100


class Triggers:
    """The triggers of functions on SCF."""

    def __init__(self, scf: Scf, states: States) -> None:
        self._scf = scf
        self._states = states

    def mend(self, name: str, function: Function) -> None:
        """See to it that what runs a function is there, and open. Raises CallError."""
        found = self._find(name, function)
        if found is None:
            self._states.change("CreateTrigger", name, **describe_trigger(function))
        elif not is_right(found):
            self._update(name, function, found)

    def stop(self, name: str, function: Function) -> None:
        """Close what runs a function, until it is mended. Raises CallError."""
        found = self._find(name, function)
        if found and found["Enable"] == 1:
            print(f"closing the trigger {found['TriggerName']} of {name}", flush=True)
            self._states.change("UpdateTrigger", name, **_identify(found), Enable="CLOSE")

    def await_url(self, name: str, function: Function) -> str:
        """The address of a function's URL; raises DeployError when it does not appear."""
        for _ in range(LOOKS):
            found = self._find(name, function)
            address = read_details(found).get("NetConfig", {}).get("ExtranetUrl") if found else None
            if address:
                return str(address)
            self._scf.pause()
        raise DeployError(f"{name} has no function URL yet. Run this again in a minute.")

    def _find(self, name: str, function: Function) -> Json | None:
        """A function's own trigger: SCF may have named its URL, and strangers' are left alone."""
        answer = self._scf.call("ListTriggers", name, Limit=MOST_TRIGGERS)
        fitting = [one for one in answer["Triggers"] if belongs(one, function)]
        return fitting[0] if fitting else None

    def _update(self, name: str, function: Function, found: Json) -> None:
        print(f"mending the trigger {found['TriggerName']} of {name}", flush=True)
        wanted = {**describe_trigger(function), **_identify(found)}
        try:
            self._states.change("UpdateTrigger", name, **wanted)
            mended = self._find(name, function)
            if mended and is_right(mended):
                return
        except CallError as error:
            if not error.code.startswith(("UnsupportedOperation", "InvalidParameterValue")):
                raise
        self._replace(name, function, found)

    def _replace(self, name: str, function: Function, found: Json) -> None:
        """Some triggers cannot be changed; a URL then gets another address."""
        print(f"{name}: SCF does not change this trigger; making it again. {AFTER}", flush=True)
        self._states.change("DeleteTrigger", name, **_identify(found))
        self._states.change("CreateTrigger", name, **describe_trigger(function))


AFTER = "If it was a URL, it has a new address: see the end."


def belongs(trigger: Json, function: Function) -> bool:
    """Whether a trigger is the one that we make for a function."""
    if function.runs_by == "timer":
        return (trigger["Type"], trigger["TriggerName"]) == ("timer", function.timer_name)
    return (trigger["Type"], trigger["Qualifier"]) == ("http", QUALIFIER)


def is_right(trigger: Json) -> bool:
    """Whether it runs its function as it should."""
    details = read_details(trigger)
    if trigger["Type"] == "timer":
        does = details.get("cron") == CRON
    else:
        net = details.get("NetConfig", {})
        does = details.get("AuthType") == "NONE" and net.get("EnableExtranet") is True
    return does and trigger["Enable"] == 1


def read_details(trigger: Json) -> dict[str, Any]:
    """A TriggerDesc; empty when it is not the JSON that SCF documents."""
    try:
        details = json.loads(trigger["TriggerDesc"])
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}


def _identify(trigger: Json) -> Json:
    return {name: trigger[name] for name in ("TriggerName", "Type", "Qualifier")}
