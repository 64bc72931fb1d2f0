"""A room whose transcript is delivered into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.delivering import Delivering
from tests.support.faked_api import Stage


@pytest.fixture
def delivering(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Delivering:
    """The stage with an archive and an event endpoint; `fail` may raise before each use of the archive."""
    folder = tmp_path / "archive"
    found = Delivering(stage, folder)
    settings = replace(stage.resources.settings, archive_url=f"file://{folder}")
    stage.resources.ledger.tells = ["an endpoint"]  # which nobody sends anything to
    stage.resources = replace(stage.resources, settings=settings)
    for method in ("put", "get", "delete", "list"):
        real = getattr(type(found.archive), method)

        def use(archive: Any, key: str, *more: Any, real: Any = real, method: str = method) -> Any:
            found.asked.append((method, key))
            found.fail(method, key)
            return real(archive, key, *more)

        monkeypatch.setattr(type(found.archive), method, use)
    return found
