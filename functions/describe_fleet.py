"""Tell how all rooms are: how many run, wait, failed, are silent or held, and which and why."""

from __future__ import annotations

from shared.console.request import answer_direct
from shared.fleet.describe import describe_fleet
from shared.scf import Json

EXAMPLE = {"sdk_app_id": 1400000000, "limit": 20}


def main_handler(event: object, context: object) -> Json:
    """Reads only. No secret and no spoken text is in the answer: SCF logs return values."""
    return answer_direct(event, context, describe_fleet, EXAMPLE)
