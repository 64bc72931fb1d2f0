"""Tell which events no endpoint has taken yet, send one again, or test the endpoints."""

from __future__ import annotations

from shared.console.request import answer_direct
from shared.delivery.requests import answer_deliveries
from shared.scf import Json

EXAMPLE = {"action": "list", "state": "dead", "limit": 20}


def main_handler(event: object, context: object) -> Json:
    """`action` is "list", "show" or "retry" (with an `id`), or "test". Safe to run twice."""
    return answer_direct(event, context, answer_deliveries, EXAMPLE)
