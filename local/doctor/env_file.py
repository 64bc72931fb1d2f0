"""Settings from a `.env` file, as `scf deploy` reads them: what the environment has wins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local.errors import LocalError


def read_env_file(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, completed with the file's lines; LocalError when one is not NAME=value."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"{path}: cannot be read") from error
    values = {}
    for number, line in enumerate(lines, 1):
        name, equals, value = line.strip().partition("=")
        if not name or name.startswith("#"):
            continue
        if not equals:
            raise LocalError(f"{path}: line {number} is not NAME=value")
        values[name.removeprefix("export ").strip()] = _unquote(value.strip())
    return {**values, **environ}


def _unquote(value: str) -> str:
    for quote in ("'", '"'):
        if len(value) > 1 and value.startswith(quote) and value.endswith(quote):
            return value[1:-1]
    return value.partition(" #")[0].rstrip()
