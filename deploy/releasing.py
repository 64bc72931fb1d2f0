"""Functions brought up to date: made where they are missing, made again where their making failed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deploy.functions import (
    RUNTIME,
    Function,
    Json,
    describe_code,
    describe_configuration,
    describe_event_settings,
    describe_log,
    is_configured,
    name_function,
)
from deploy.settings import read_concurrency_mb
from deploy.states import UNUSABLE, States, explain_status


class Releasing:
    """Brings the functions of a package to SCF."""

    def __init__(self, states: States, environ: Mapping[str, str], package: Path) -> None:
        self._states = states
        self._environ = environ
        self._package = package

    def release(self, function: Function) -> str:
        """Make a function, or bring it up to date; its name on SCF. Raises CallError or DeployError."""
        name = name_function(self._environ, function.key)
        found = self._states.await_rest(name)
        if found and found["Status"] in UNUSABLE:
            self._delete(name, found)
            found = None
        if found:
            self._update(name, function, found)
        else:
            self._create(name, function)
        if function.gives_up_at_once:
            settings = describe_event_settings()
            self._states.change("UpdateFunctionEventInvokeConfig", name, **settings)
        if function.returns_words:
            self._states.change("UpdateFunctionConfiguration", name, **describe_log())
            self._states.await_active(name)
        if function.limited_by:
            self._limit(name, read_concurrency_mb(self._environ, function.limited_by))
        return name

    def _limit(self, name: str, wanted_mb: int) -> None:
        """Reserve memory for a function's instances, which is the most that they get; 0: no limit."""
        if wanted_mb == self._states.find_reserved_mb(name):
            return
        print(f"limiting {name} to {wanted_mb or 'any number of'} MB", flush=True)
        if wanted_mb:
            asked = {"ReservedConcurrencyMem": wanted_mb}
            self._states.change("PutReservedConcurrencyConfig", name, **asked)
        else:
            self._states.change("DeleteReservedConcurrencyConfig", name)

    def _create(self, name: str, function: Function) -> None:
        print(f"creating {name}", flush=True)
        code = describe_code(function, self._package)
        configuration = describe_configuration(function, self._environ)
        self._states.change("CreateFunction", name, Runtime=RUNTIME, **code, **configuration)
        self._states.await_active(name)

    def _update(self, name: str, function: Function, found: Json) -> None:
        print(f"updating {name}", flush=True)
        code = describe_code(function, self._package)
        configuration = describe_configuration(function, self._environ)
        self._states.change("UpdateFunctionCode", name, **code)
        self._states.await_active(name)
        if not is_configured(found, configuration):
            self._states.change("UpdateFunctionConfiguration", name, **configuration)
            self._states.await_active(name)
        vpc = found["VpcConfig"].get("VpcId")
        if vpc and "VpcConfig" not in configuration:
            print(f"{name} stays in {vpc}, although VPC_ID is empty: take it out in SCF's console")

    def _delete(self, name: str, found: Json) -> None:
        reasons = explain_status(found)
        print(f"deleting {name}, to make it again; it was {found['Status']}: {reasons}", flush=True)
        self._states.change("DeleteFunction", name)
        self._states.await_end(name)
