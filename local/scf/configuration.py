"""A function's configuration: what may stand in it, and how a request changes it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from local.cloud.errors import ApiError

# Source: SCF API 2018-04-16, CreateFunction.
NAME = re.compile(r"[A-Za-z][\w-]{0,58}[A-Za-z0-9]", re.ASCII)
HANDLER = re.compile(r"[A-Za-z][\w-]*[A-Za-z0-9]\.[A-Za-z][\w-]*[A-Za-z0-9]", re.ASCII)
ENTRY = "main_handler"  # what the host's instances look for
MEMORY_MB = (64, *range(128, 3072 + 1, 128))
LONGEST_S = 900
RUNTIMES = ("Python3.10",)  # of SCF's runtimes, those that can run here
# Source: SCF documentation, environment variables (product 583, document 30228).
VARIABLE = re.compile(r"[A-Za-z]\w{1,63}", re.ASCII)
RESERVED = ("SCF_", "QCLOUD_", "TENCENTCLOUD_")
MAX_ENVIRONMENT_BYTES = 4096


@dataclass(frozen=True)
class Configuration:
    """What a function has beside its code; the defaults are SCF's."""

    description: str = ""
    memory_mb: int = 128
    timeout_s: int = 3
    init_timeout_s: int = 65
    runtime: str = "Python2.7"
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    vpc: tuple[str, str] = ("", "")
    role: str = ""
    public_net: bool = False
    ignores_system_log: bool = False  # no answer tells it: GetFunction has no such field

    def change(self, asked: Mapping[str, Any]) -> Configuration:
        """This one, with what a request says; raises ApiError."""
        changes = {
            name: read(asked[parameter])
            for parameter, (name, read) in _READERS.items()
            if parameter in asked
        }
        return replace(self, **changes)


def check_name(name: str) -> None:
    """Raise ApiError unless a function may be called so."""
    if not NAME.fullmatch(name):
        raise ApiError(
            "InvalidParameterValue.FunctionName",
            "2 to 60 letters, digits, - and _; first a letter, last a letter or digit.",
        )


def check_handler(handler: str) -> None:
    """Raise ApiError unless it is `file.function`; functions are called main_handler here."""
    if not HANDLER.fullmatch(handler):
        raise ApiError("InvalidParameterValue.Handler", "Handler must be `file.function`.")
    if not handler.endswith(f".{ENTRY}"):
        raise ApiError("InvalidParameterValue.Handler", f"Here it must be `file.{ENTRY}`.")


def _read_memory(value: int) -> int:
    if value not in MEMORY_MB:
        words = "MemorySize must be 64, or a multiple of 128 up to 3072."
        raise ApiError("InvalidParameterValue.MemorySize", words)
    return value


def _read_timeout(value: int) -> int:
    if not 1 <= value <= LONGEST_S:
        raise ApiError("LimitExceeded.Timeout", f"Timeout must be 1 to {LONGEST_S} seconds.")
    return value


def _read_runtime(value: str) -> str:
    if value not in RUNTIMES:
        words = f"Here runs {', '.join(RUNTIMES)} only."
        raise ApiError("InvalidParameterValue.Runtime", words)
    return value


def _read_environment(value: Mapping[str, Any]) -> dict[str, str]:
    variables: Sequence[Mapping[str, str]] = value.get("Variables", ())
    read = {one.get("Key", ""): one.get("Value", "") for one in variables}
    for name, content in read.items():
        _check_variable(name, content)
    size = sum(len(name.encode()) + len(content.encode()) for name, content in read.items())
    if size > MAX_ENVIRONMENT_BYTES:
        raise ApiError(
            "InvalidParameterValue.EnvironmentExceededLimit",
            f"All variables together have at most {MAX_ENVIRONMENT_BYTES} bytes, not {size}.",
        )
    return read


def _check_variable(name: str, value: str) -> None:
    if name.upper().startswith(RESERVED):
        words = f"The variable `{name}` begins with a reserved prefix: {', '.join(RESERVED)}."
        raise ApiError("InvalidParameterValue.EnvironmentSystemProtect", words)
    if not VARIABLE.fullmatch(name):
        words = f"The variable `{name[:64]}` must be letters, digits and _, first a letter."
        raise ApiError("InvalidParameterValue.Environment", words)
    if not value:
        raise ApiError(
            "InvalidParameterValue.Environment", f"The variable `{name}` must not be empty."
        )


def _read_vpc(value: Mapping[str, str]) -> tuple[str, str]:
    vpc, subnet = value.get("VpcId", ""), value.get("SubnetId", "")
    if bool(vpc) != bool(subnet):
        raise ApiError("InvalidParameterValue.Vpc", "VpcId and SubnetId go together.")
    return vpc, subnet


_READERS: Mapping[str, tuple[str, Any]] = {
    "Description": ("description", str),
    "MemorySize": ("memory_mb", _read_memory),
    "Timeout": ("timeout_s", _read_timeout),
    "InitTimeout": ("init_timeout_s", int),
    "Runtime": ("runtime", _read_runtime),
    "Environment": ("environment", _read_environment),
    "VpcConfig": ("vpc", _read_vpc),
    "Role": ("role", str),
    "IgnoreSysLog": ("ignores_system_log", bool),
    "PublicNetConfig": ("public_net", lambda value: value["PublicNetStatus"] == "ENABLE"),
}
