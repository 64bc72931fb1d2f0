"""Tell what users of an application are called, and who is not to be transcribed (any more)."""

from __future__ import annotations

from shared.console.people import set_people
from shared.console.request import answer_direct
from shared.scf import Json

EXAMPLE = {
    "people": [
        {"user_id": "amy", "name": "Amy Lee"},
        {"user_id": "bob", "name": None, "opted_out": True},
    ]
}


def main_handler(event: object, context: object) -> Json:
    """At most 500 users at once, or one by `user_id`, with `name`, `opted_out` or both. Safe to run twice."""
    return answer_direct(event, context, set_people, EXAMPLE)
