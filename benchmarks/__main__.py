"""`make bench`: every benchmark, or those that are named; tables, and whether a goal is not met."""

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

MISSED = 1
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
    console = Console(width=None if sys.stdout.isatty() else 120)
    for benchmark in BENCHMARKS:
        if benchmark.name in (names or NAMES):
            print(f"{benchmark.name}: {benchmark.about}", file=sys.stderr, flush=True)
            run = (benchmark.run_full if full else None) or benchmark.run
            figures = results[benchmark.name] = run()
            shown = [figure for figure in figures if figure.most is None]
            console.print(make_table(benchmark.name, shown))
    console.print(make_goals(results))
    if output:
        output.write_text(json.dumps(describe(results), indent=2) + "\n", encoding="utf-8")
    is_met = all(figure.is_met for figures in results.values() for figure in figures)
    raise typer.Exit(0 if is_met else MISSED)


def make_table(name: str, figures: Sequence[Figure]) -> Table:
    """What has no goal: a line for each case, a column for each figure."""
    table = Table(title=name, title_justify="left")
    table.add_column("case")
    columns = list(dict.fromkeys(figure.what for figure in figures))
    for column in columns:
        table.add_column(column, justify="right")
    for case in dict.fromkeys(figure.case for figure in figures):
        own = {figure.what: figure for figure in figures if figure.case == case}
        table.add_row(case, *(show(own.get(column)) for column in columns))
    return table


def make_goals(results: Results) -> Table:
    """What has a goal, a line each."""
    table = Table(title="goals", title_justify="left")
    for name in ("benchmark", "case", "figure"):
        table.add_column(name)
    for name in ("value", "goal"):
        table.add_column(name, justify="right")
    table.add_column("")
    for name, figures in results.items():
        for figure in figures:
            if figure.most is not None:
                style, verdict = (None, "met") if figure.is_met else ("bold red", "NOT MET")
                goal = f"≤ {figure.most:g} {figure.unit}".strip()
                row = (name, figure.case, figure.what, show(figure), goal, verdict)
                table.add_row(*row, style=style)
        table.add_section()
    return table


def show(figure: Figure | None) -> str:
    """The number with its unit."""
    return f"{figure.value:,.4g} {figure.unit}".strip() if figure else ""


def describe(results: Results) -> dict[str, list[dict[str, object]]]:
    """The same for machines."""
    return {
        name: [{**figure._asdict(), "is_met": figure.is_met} for figure in figures]
        for name, figures in results.items()
    }


if __name__ == "__main__":
    typer.run(main)
