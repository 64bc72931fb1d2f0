"""What one event costs when there are ten or a hundred times as many rooms, sentences, rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.cost.contenders import (
    CREATED,
    CREATED_REDIS,
    SENTENCE,
    SENTENCE_REDIS,
    Contender,
)
from benchmarks.cost.measure import Ground, prepare_grounds, say
from benchmarks.figures import Figure
from benchmarks.growth.fill import add_rooms, add_sentences, write_rules

ABOUT = "one event, as rooms, sentences and rules grow tenfold and a hundredfold"
TIMES = (1, 10, 100)
ROOMS, SENTENCES, RULES = 100, 100, 10  # to begin with
ROUNDS = 3
MOST_GROWTH = 1.5  # between the first and the hundredfold; noise is 1.2 of it


def run() -> Sequence[Figure]:
    """On the first Python there is: SCF's, where it runs."""
    with prepare_grounds() as grounds:
        return list(_measure(grounds[0]))


def _measure(ground: Ground) -> Iterator[Figure]:
    for contender in (CREATED, CREATED_REDIS):
        yield from _grow(ground, contender, "rooms", ROOMS)
    for contender in (SENTENCE, SENTENCE_REDIS):
        yield from _grow(ground, contender, "sentences", SENTENCES)
    yield from _grow(ground, CREATED, "rules", RULES)


def _grow(ground: Ground, contender: Contender, what: str, base: int) -> Iterator[Figure]:
    """Cold and warm with ever more of it; what there is is kept, only more is added."""
    case = f"{contender.name}, {what}"
    costs: list[float] = []
    for times in TIMES:
        count = base * times
        cold_s, warm_s = _measure_with(ground, contender, what, count)
        costs.append(warm_s)
        yield Figure(case, f"warm p50, × {times}", 1e6 * warm_s, "µs")
        yield Figure(case, f"cold, × {times}", 1e3 * cold_s, "ms")
    yield Figure(
        case, f"warm, {base * TIMES[-1]:,} by {base:,}", costs[-1] / costs[0], "", MOST_GROWTH
    )


def _measure_with(
    ground: Ground, contender: Contender, what: str, count: int
) -> tuple[float, float]:
    ground.begin_round()
    settings = {"TASK_QUOTA": str(count + 1_000), "STARTS_PER_S_CLOUD": "200"}
    if what == "rules":
        settings["RULES_FILE"] = str(write_rules(ground.folder, count))
    elif what == "rooms":
        add_rooms(ground.ledger_url(contender), count)
    else:
        ground.run(CREATED if contender is SENTENCE else CREATED_REDIS, 1, 0)
        add_sentences(ground.ledger_url(contender), count)
    runs = []
    for number in range(ROUNDS):
        say(f"{contender.name}: {count:,} {what}, round {number + 1} of {ROUNDS}")
        runs.append(ground.run(contender, stubbed=0, settings=settings, offset=1_000 * number + 1))
    return median(run.cold_s for run in runs), median(median(run.warm_s) for run in runs)
