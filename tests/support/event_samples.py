"""Where the samples of events are, and the type of the fixture that loads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[1] / "events"
LoadEvent = Callable[[str], dict[str, Any]]
