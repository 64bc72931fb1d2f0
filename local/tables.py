"""Tables of what functions answer, on a terminal: names are neither cut off nor taken for mark-up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from local.printable import make_printable

WIDTH = 200  # characters, also where a terminal is narrower


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows below their titles, every cell made printable; nothing when there is no row."""
    table = Table(*titles, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(make_printable, row))
    if table.rows:
        Console(width=WIDTH, highlight=False, markup=False).print(table)
