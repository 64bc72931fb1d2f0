"""Finds the rules that may be about a room without asking each: a thousand of them cost no more than ten."""

from __future__ import annotations

from collections.abc import Iterable

MARKS = "*?["


class RuleIndex:
    """The globs of a list of rules, each with the rule's place in the list.

    Most globs are a room's name, or the beginning of one; whatever else there is may be about any room.
    """

    def __init__(self) -> None:
        self._names: dict[str, list[int]] = {}
        self._beginnings: dict[int, dict[str, list[int]]] = {}  # by their length
        self._others: list[int] = []

    def add(self, glob: str, place: int, *, is_range: bool) -> None:
        """Take in a glob; `is_range`: it may also stand for other names than it looks like."""
        beginning = glob.rstrip("*")
        if is_range or any(mark in beginning for mark in MARKS):
            self._others.append(place)
        elif beginning == glob:
            self._names.setdefault(glob, []).append(place)
        else:
            known = self._beginnings.setdefault(len(beginning), {})
            known.setdefault(beginning, []).append(place)

    def list_places(self, room_id: str) -> Iterable[int]:
        """The places of all rules with a glob that may match, the first rule first."""
        places = {*self._names.get(room_id, ()), *self._others}
        for length, known in self._beginnings.items():
            places.update(known.get(room_id[:length], ()))
        return sorted(places)
