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
from benchmarks.cost.goals import read_cold, read_warm
from benchmarks.cost.measure import NETWORKED, Ground, prepare_grounds, say
from benchmarks.cost.running import Run
from benchmarks.figures import Figure
from benchmarks.growth.fill import add_rooms, add_sentences, write_rules

ABOUT = "one event, as rooms, sentences and rules grow tenfold and a hundredfold"
TIMES = (1, 10, 100)
ROOMS, SENTENCES, RULES = 100, 100, 10  # to begin with
ROUNDS = 3
MOST_GROWTH = 1.5  # from the first to the hundredfold: flat, as far as a machine at work can tell


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
    """The same events with little, more and much of it, in turn."""
    ground.begin_round()
    sizes = [base * times for times in TIMES]
    settings = [_prepare(ground, contender, what, size) for size in sizes]
    rounds: list[list[Run]] = []
    for number in range(ROUNDS):
        say(f"{contender.name}: {what}, round {number + 1} of {ROUNDS}")
        offset = 1 + number * NETWORKED  # the first is what the sentences belong to
        rounds.append(
            [ground.run(contender, stubbed=0, settings=own, offset=offset) for own in settings]
        )
    case = f"{contender.name}, {what}"
    for size, runs in zip(sizes, zip(*rounds, strict=True), strict=True):
        yield Figure(case, f"warm p50, × {size // base}", 1e6 * median(map(read_warm, runs)), "µs")
        yield Figure(case, f"cold, × {size // base}", 1e3 * median(map(read_cold, runs)), "ms")
    growth = median(read_warm(runs[-1]) / read_warm(runs[0]) for runs in rounds)
    yield Figure(case, f"warm, {sizes[-1]:,} by {base:,}", growth, "", MOST_GROWTH)


def _prepare(ground: Ground, contender: Contender, what: str, size: int) -> dict[str, str]:
    """Settings with which there is as much of it, in a ledger of its own."""
    settings = {
        "LEDGER_URL": ground.open_place(contender),
        "TASK_QUOTA": str(size + 1_000),
        "STARTS_PER_S_CLOUD": "200",
    }
    if what == "rules":
        settings["RULES_FILE"] = write_rules(ground.folder / f"rules-{size}.toml", size)
    elif what == "rooms":
        add_rooms(settings["LEDGER_URL"], size)
    else:
        creating = CREATED if contender is SENTENCE else CREATED_REDIS
        ground.run(creating, 1, 0, settings=settings)
        add_sentences(settings["LEDGER_URL"], size)
    return settings
