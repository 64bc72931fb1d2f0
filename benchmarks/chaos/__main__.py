"""`make chaos`: both engines side by side, a table, and an exit code that says whether a bound broke."""

from __future__ import annotations

import json
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.chaos.delivery_verdict import DeliveryJudgement, compare_worlds, judge_delivery
from benchmarks.chaos.history import History
from benchmarks.chaos.pair import play_pair
from benchmarks.chaos.plan import Lengths, plan_meetings
from benchmarks.chaos.positions import POSITIONS
from benchmarks.chaos.troubles import Ends, list_faults
from benchmarks.chaos.verdict import Judgement, count_calls, judge
from benchmarks.chaos.world import FAR, NEAR, play

ENGINES = ("sqlite", "redis")
HOURS, SEED = 500.0, 20_261_120
BROKEN = 1

PAIR_HOURS = 20.0  # of the meetings that are played twice


class Run(NamedTuple):
    """What came of one engine; `differences` are those of the pair of worlds."""

    engine: str
    history: History
    judgements: list[Judgement]
    delivery: DeliveryJudgement
    differences: list[str]

    @property
    def broken(self) -> list[str]:
        """All that breaks a bound."""
        broken = [text for one in self.judgements for text in one.broken]
        return broken + self.delivery.broken + self.differences


def main(
    seed: Annotated[int, typer.Option(help="what everything random is drawn from")] = SEED,
    hours: Annotated[float, typer.Option(help="simulated room-hours for each engine")] = HOURS,
    engine: Annotated[str, typer.Option(help="sqlite, redis, or both")] = "both",
    ends: Annotated[
        Ends,
        typer.Option(help="how a task's end is told: by 902 and 1402, by its bot's 104, or not"),
    ] = "told",
    output: Annotated[Path | None, typer.Option("--json", help="write the figures there")] = None,
    trace: Annotated[Path | None, typer.Option(help="a folder for all that happened")] = None,
) -> None:
    """A thousand room-hours, half of them on each engine, with everything going wrong at once."""
    engines = ENGINES if engine == "both" else (engine,)
    with ProcessPoolExecutor(len(engines)) as pool:
        waiting = [pool.submit(run_engine, one, seed, hours, trace, ends) for one in engines]
        runs = [one.result() for one in waiting]
    console = Console(width=None if sys.stdout.isatty() else 170)
    for run in runs:
        show(console, run)
    if output:
        output.write_text(json.dumps([describe(run) for run in runs], indent=2), encoding="utf-8")
    raise typer.Exit(BROKEN if any(run.broken for run in runs) else 0)


def run_engine(engine: str, seed: int, hours: float, trace: Path | None, ends: Ends) -> Run:
    """One engine's hours, in every position of the switches."""
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    sdk_app_ids = [one.sdk_app_id for one in POSITIONS]
    meetings = list(plan_meetings(chance, sdk_app_ids, hours, Lengths()))
    path = trace / f"{engine}.jsonl" if trace else None
    told = ends != "untold"
    history = play(engine, meetings, list_faults(seed, ends), seed, path, bots_are_told=told)
    few = list(plan_meetings(chance, sdk_app_ids, min(hours, PAIR_HOURS), Lengths()))
    differences = list(compare_worlds(*play_pair(engine, few, seed)))
    judgements, delivery = judge(history, meetings, ends), judge_delivery(history)
    return Run(engine, history, judgements, delivery, differences)


def show(console: Console, run: Run) -> None:
    """The table of one engine."""
    engine, history, judgements, *_ = run
    minutes = (history.end_ms - history.begin_ms) / 60_000
    table = Table(title=f"{engine}: {minutes:.0f} simulated minutes in {history.elapsed_s:.0f} s")
    table.add_column("a second 2.0 task with the same bot")
    for name in (
        *("room-hours", "missing s", "untold s", "lost s", "of wanted", "longest"),
        *("doubled s", "orphaned s"),
    ):
        table.add_column(name, justify="right")
    table.add_column("longest", justify="right")
    table.add_column("bounds")
    for one in judgements:
        table.add_row(
            one.position.name,
            f"{one.room_hours:.0f}",
            f"{one.missing_s:.0f}",
            f"{one.untold_s:.0f}",
            f"{one.lost_s:.0f}",
            f"{one.missing_share:.2%}",
            f"{one.longest_missing_s:.0f}",
            f"{one.doubled_s:.1f}",
            f"{one.orphaned_s:.0f}",
            f"{one.longest_orphaned_s:.0f}",
            "; ".join(one.broken[:3]) or "kept",
        )
    console.print(table)
    show_delivery(console, run)
    struck = sum(int(str(fault["struck"])) for fault in history.faults)
    calls = count_calls(history)
    console.print(
        f"faults struck {struck:,} times · instances killed {history.kills:,}, "
        f"of which {history.deliver_kills:,} `deliver` at work · "
        f"Redis killed {len(history.redis_away_ms)}, and lost with all it had {len(history.lost)} · "
        f"API calls {sum(calls.values()):,}, "
        f"of which {sum(calls.values()) - calls.get('ok', 0):,} failed"
    )


def show_delivery(console: Console, run: Run) -> None:
    """What was delivered, and whether as it must be."""
    one = run.delivery
    table = Table(title=f"{run.engine}: archive and event endpoints")
    for name in (
        *("sessions", "end untold", "files equal", "deletions", "events", "arrivals", "dead"),
        *("longest to near", "longest to far", "starts' p99"),
    ):
        table.add_column(name, justify="right")
    table.add_column("bounds")
    table.add_row(
        *(f"{count:,}" for count in (one.sessions, one.untold, one.files, one.deletions)),
        *(f"{count:,}" for count in (one.events, one.arrived, one.dead)),
        *(f"{one.longest_ms.get(name, 0) / 1000:,.0f} s" for name in (NEAR, FAR)),
        f"{one.start_p99_ms:,} ms",
        "; ".join([*one.broken, *run.differences][:3]) or "kept",
    )
    console.print(table)


def describe(run: Run) -> dict[str, object]:
    """The same as JSON."""
    engine, history, judgements, delivery, differences = run
    return {
        "engine": engine,
        "simulated_s": (history.end_ms - history.begin_ms) / 1000,
        "elapsed_s": history.elapsed_s,
        "kills": history.kills,
        "redis_kills": len(history.redis_away_ms),
        "redis_losses": len(history.lost),
        "faults": history.faults,
        "calls": history.calls,
        "logs": history.logs,
        "delivery": asdict(delivery),
        "differences": differences,
        "positions": [
            {
                "same_bot": one.position.same_bot,
                "bots_hold_rooms": one.position.bots_hold_rooms,
                "room_hours": one.room_hours,
                "wanted_s": one.wanted_s,
                "missing_s": one.missing_s,
                "untold_s": one.untold_s,
                "lost_s": one.lost_s,
                "doubled_s": one.doubled_s,
                "orphaned_s": one.orphaned_s,
                "longest_missing_s": one.longest_missing_s,
                "longest_orphaned_s": one.longest_orphaned_s,
                "broken": one.broken,
            }
            for one in judgements
        ],
    }


if __name__ == "__main__":
    typer.run(main)
