"""Tell what was missed: where somebody was not transcribed, or not heard, why and for how long."""

from __future__ import annotations

from shared.console.request import answer_direct
from shared.fleet.missed import list_missed
from shared.scf import Json

EXAMPLE = {"sdk_app_id": 1400000000, "since": "24h", "limit": 100}


def main_handler(event: object, context: object) -> Json:
    """Reads only. No secret and no spoken text is in the answer: SCF logs return values."""
    return answer_direct(event, context, list_missed, EXAMPLE)
