"""`make bench`: every benchmark, or those that are named; a table, and whether a goal broke."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure
from benchmarks.registry import BENCHMARKS

BROKEN = 1
NAMES = [benchmark.name for benchmark in BENCHMARKS]

Results = dict[str, Sequence[Figure]]


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"of {', '.join(NAMES)}")] = None,
    full: Annotated[bool, typer.Option("--full", help="At full size, where there is one.")] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Write the figures there.")] = None,
) -> None:
    """Measure Roomscribe on this machine."""
    unknown = sorted(set(names or ()) - set(NAMES))
    if unknown:
        raise typer.BadParameter(f"there is no {unknown[0]}; there are {', '.join(NAMES)}")
    results: Results = {}
    for benchmark in BENCHMARKS:
        if benchmark.name in (names or NAMES):
            print(f"{benchmark.name}: {benchmark.about}", file=sys.stderr, flush=True)
            run = (benchmark.run_full if full else None) or benchmark.run
            results[benchmark.name] = run()
    Console(width=None if sys.stdout.isatty() else 120).print(make_table(results))
    if output:
        output.write_text(json.dumps(describe(results), indent=2) + "\n", encoding="utf-8")
    is_met = all(figure.is_met for figures in results.values() for figure in figures)
    raise typer.Exit(0 if is_met else BROKEN)


def make_table(results: Results) -> Table:
    """All figures, a line each."""
    table = Table(title="Roomscribe, measured", title_justify="left")
    for name in ("benchmark", "case", "figure"):
        table.add_column(name)
    for name in ("value", "goal"):
        table.add_column(name, justify="right")
    table.add_column("")
    for name, figures in results.items():
        for figure in figures:
            goal = "" if figure.most is None else f"≤ {figure.most:g} {figure.unit}".strip()
            verdict = "" if figure.most is None else "ok" if figure.is_met else "BROKEN"
            value = f"{figure.value:,.4g} {figure.unit}".strip()
            style = None if figure.is_met else "bold red"
            table.add_row(name, figure.case, figure.what, value, goal, verdict, style=style)
        table.add_section()
    return table


def describe(results: Results) -> dict[str, list[dict[str, object]]]:
    """The same for machines."""
    return {
        name: [{**figure._asdict(), "is_met": figure.is_met} for figure in figures]
        for name, figures in results.items()
    }


if __name__ == "__main__":
    typer.run(main)
