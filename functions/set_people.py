"""Tell what users of an application are called, or have their names forgotten, in archived files too."""

from __future__ import annotations

from shared.console.people import set_people
from shared.console.request import answer_direct
from shared.scf import Json

EXAMPLE = {"people": [{"user_id": "amy", "name": "Amy Lee"}, {"user_id": "bob", "name": None}]}


def main_handler(event: object, context: object) -> Json:
    """At most 500 users at once, or one by `user_id` and `name`. Safe to run twice."""
    return answer_direct(event, context, set_people, EXAMPLE)
