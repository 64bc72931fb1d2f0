"""All functions that were made through the API; the host runs those that were ever ready."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from local.cloud.errors import ApiError
from local.host.catalogue import Served
from local.host.scf_runtime import Limits, describe_environment
from local.scf.code import Code
from local.scf.configuration import Configuration
from local.scf.runtime import Runtime
from local.scf.triggers import Trigger

# Source: SCF documentation, function states (product 583, document 115197).
Status = Literal[
    "Creating", "CreateFailed", "Active", "Updating", "UpdateFailed", "Publishing", "PublishFailed"
]
ONLY_THE_CODE = ("-S", "-s")  # nothing that is installed on this machine is there on SCF
RETRIES, MSG_TTL_S = 2, 21_600  # of events that nobody waits for, where nothing else was said


class Build(NamedTuple):
    """What is run: code, where it begins, and the configuration."""

    handler: str
    code: Code
    configuration: Configuration


class Published(NamedTuple):
    """A published version: a copy of what the function was then, which never changes."""

    number: str
    description: str
    build: Build
    added_at_ms: int


class Reason(NamedTuple):
    """Why a change failed."""

    code: str
    message: str


# Source of the words: public reports of what SCF's console says.
NO_HANDLER = Reason(
    "InvalidParameterValue.Handler", "The file of the handler was not found in the code."
)
WRONG_PYTHON = "InvalidParameterValue.Runtime"  # cannot happen on SCF, which has the named runtime


@dataclass
class Function:
    """One function; `build` is what it was told to be, `running` what it is."""

    name: str
    build: Build
    added_ms: int
    modified_ms: int
    status: Status = "Creating"
    reason: Reason | None = None
    running: Build | None = None
    triggers: dict[tuple[str, str, str], Trigger] = field(default_factory=dict)
    retries: int = RETRIES
    msg_ttl_s: int = MSG_TTL_S
    reserved_mb: int | None = None
    versions: list[Published] = field(default_factory=list)
    id: str = field(default_factory=lambda: f"lam-{uuid.uuid4().hex[:8]}")

    @property
    def is_settled(self) -> bool:
        """Whether it may be changed."""
        return self.status in ("Active", "UpdateFailed", "PublishFailed")


class Functions:
    """The functions by name, and how each is run: a catalogue for the host."""

    def __init__(self, find_runtime: Callable[[], Runtime], role: Mapping[str, str]) -> None:
        """`find_runtime` tells what runs them; `role`: the credentials that a function with one has."""
        self._find_runtime = find_runtime
        self._role = role
        self._functions: dict[str, Function] = {}

    def list_names(self) -> list[str]:
        """Those that can run."""
        return [one.name for one in self._functions.values() if one.running]

    def list_all(self) -> list[Function]:
        """All, whatever their state."""
        return [*self._functions.values()]

    def add(self, function: Function) -> None:
        """A new one; raises ApiError when the name is taken."""
        if function.name in self._functions:
            raise ApiError("ResourceInUse.Function", f"`{function.name}` exists already.")
        self._functions[function.name] = function

    def get(self, name: str) -> Function:
        """The function of that name; raises ApiError."""
        if name not in self._functions:
            raise ApiError("ResourceNotFound.Function", f"There is no function `{name[:64]}`.")
        return self._functions[name]

    def remove(self, name: str) -> None:
        """Forget one."""
        del self._functions[name]

    def judge(self, build: Build) -> Reason | None:
        """Why a build cannot run; None where nothing is known against it."""
        if not build.code.has(build.handler):
            return NO_HANDLER
        made_for, runtime = build.code.list_versions(), self._find_runtime()
        if not made_for or runtime.version in made_for:
            return None
        words = (
            f"The code has modules for Python {', '.join(sorted(made_for))}; {runtime.describe()}"
        )
        return Reason(WRONG_PYTHON, words)

    def find(self, name: str) -> Served | None:
        """How one is run; None before it was ready for the first time."""
        function = self._functions.get(name)
        if function is None or function.running is None:
            return None
        handler, code, configuration = function.running
        memory_mb = configuration.memory_mb
        return Served(
            handler.partition(".")[0],
            code.folder,
            self._describe_environment(function.name, code, configuration),
            Limits(configuration.timeout_s, memory_mb),
            (self._find_runtime().python, *ONLY_THE_CODE),
            function.reserved_mb // memory_mb if function.reserved_mb else None,
            1 + function.retries,
            has_path=False,
        )

    def _describe_environment(
        self, name: str, code: Code, configuration: Configuration
    ) -> dict[str, str]:
        """As on SCF, where the code is the whole of /var/user, and nothing else is on the path."""
        place = {
            "USER_CODE_ROOT": f"{code.folder}/",
            "PYTHONPATH": f"{code.folder}:/opt",
            "PWD": str(code.folder),
            "TENCENTCLOUD_RUNENV": "SCF",
        }
        role = self._role if configuration.role else {}
        extra = {**place, **role}
        return describe_environment(name, code.folder, configuration.environment, extra)
