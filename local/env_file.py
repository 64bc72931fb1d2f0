"""`.env` describes the deployment: one way to read it, for every command that is about that.

What the environment has wins, as with `scf deploy`. The local cloud never reads it: with the keys and the
Redis of the deployment in it, playing at home would play there.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from dotenv.parser import Binding, parse_stream

from local.development import ROOT
from local.errors import LocalError
from local.origin import is_on_this_machine

ENV_FILE = ROOT / ".env"
PATHS = ("RULES_FILE", "TRTC_CA")  # relative ones mean the folder of the file


class Line(NamedTuple):
    """A variable's line, or lines where its value is quoted over several; `number` is the first one's."""

    number: int
    name: str
    value: str
    text: str


def read_deployment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment, completed with .env, or with the file that ROOMSCRIBE_ENV_FILE names."""
    path = find_env_file(environ)
    return read_env_file(path, environ) if path else dict(environ)


def read_environment_of(url: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The deployment's environment for a URL elsewhere; the environment as it is for one on this machine."""
    return dict(environ) if is_on_this_machine(url) else read_deployment(environ)


def find_env_file(environ: Mapping[str, str]) -> Path | None:
    """The file that counts; None when there is none."""
    named = environ.get("ROOMSCRIBE_ENV_FILE")
    if named:
        return Path(named)
    return ENV_FILE if ENV_FILE.exists() else None


def read_env_file(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, completed with the file's lines; LocalError when one is not NAME=value."""
    values = {line.name: line.value for line in read_lines(read_text(path), path)}
    folder = path.absolute().parent
    values |= {name: str(folder / values[name]) for name in PATHS if values.get(name)}
    return {**values, **environ}


def read_text(path: Path) -> str:
    """The file as it is, with its line ends and byte order mark; LocalError when it is no text."""
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"{path}: cannot be read") from error


def read_lines(text: str, path: Path) -> Iterator[Line]:
    """Every variable, as python-dotenv reads it; LocalError for a line that is not NAME=value."""
    for binding in parse_stream(io.StringIO(text, newline="")):
        line = _skip_blank_lines(binding)
        if binding.error or (binding.key is not None and binding.value is None):
            raise LocalError(f"{path}: line {line.number} is not NAME=value or NAME='value'")
        if binding.key is not None:
            yield line


def _skip_blank_lines(binding: Binding) -> Line:
    """The library counts the blank lines before a variable in."""
    text = binding.original.string.lstrip()
    before = binding.original.string[: len(binding.original.string) - len(text)]
    number = binding.original.line + len(re.findall(r"\r\n|\n|\r", before))
    return Line(number, binding.key or "", binding.value or "", text)
