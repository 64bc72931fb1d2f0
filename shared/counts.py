"""Counts as people read them."""

from __future__ import annotations


def write_count(number: int, noun: str) -> str:
    """A number with its noun, whose first word takes the plural: 1 sentence, 2 lines of a log."""
    first, of, rest = noun.partition(" of ")
    plural = first if number == 1 else f"{first}s"
    return f"{number:,} {plural}{of}{rest}"
