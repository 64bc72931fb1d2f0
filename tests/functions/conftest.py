"""What tests of the handlers have: rules, and an emulator that the handlers call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.emulator import (
    APPLICATION,
    CONFIG,
    SDK_APP_ID,
    SECRET_ID,
    SECRET_KEY,
    running_cloud,
)
from tests.support.signed_callbacks import RULES, Scene


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    """The rules of these tests."""
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


@pytest.fixture
def scene(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    rules_file: Path,
    room_ledger_url: str,
) -> Iterator[Scene]:
    """A fresh emulator, ledger and rules for each test."""
    with running_cloud(replace(CONFIG, idle_ms=0)) as cloud:
        environment.setenv("LEDGER_URL", room_ledger_url)
        environment.setenv("TRTC_ENDPOINT", cloud.url)
        environment.setenv("TRTC_SDK_APP_ID", str(SDK_APP_ID))
        environment.setenv("TRTC_SDK_SECRET_KEY", APPLICATION.secret_key)
        environment.setenv("TRTC_CALLBACK_KEY", APPLICATION.callback_key)
        environment.setenv("TENCENT_SECRET_ID", SECRET_ID)
        environment.setenv("TENCENT_SECRET_KEY", SECRET_KEY)
        environment.setenv("RULES_FILE", str(rules_file))
        yield Scene(cloud, capsys)
