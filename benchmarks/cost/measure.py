"""Round after round, everybody in turn on the same machine: a slow moment is slow for all."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from redis import Redis

from benchmarks.cost.api import Api, running_api
from benchmarks.cost.contenders import PEERS, SETTINGS, WE, Contender
from benchmarks.cost.deployment import Deployment, deploy, find_pythons
from benchmarks.cost.running import Instance, Run, run_events, starting_instance
from local.redis_server import RedisServer

ROUNDS = 9
# Events of one instance: over the network, then without one; no more starts than the shipped limit of
# 20 a second lets through, so that all settings are the shipped ones.
NETWORKED, STUBBED = 14, 6

REDIS_DATABASES = 16  # of a Redis server, unless it is told otherwise

Runs = dict[Contender, list[Run]]


def count_rounds(*, on_scf: bool) -> int:
    """As many as ROOMSCRIBE_BENCH_ROUNDS says; half of them where no goal hangs on it."""
    rounds = int(os.environ.get("ROOMSCRIBE_BENCH_ROUNDS") or ROUNDS)
    return rounds if on_scf else (rounds + 1) // 2


@dataclass(frozen=True)
class Ground:
    """What all contenders of one Python meet: their code, the API, a Redis server, a folder."""

    deployment: Deployment
    api: Api
    redis: RedisServer
    folder: Path
    places: Iterator[int] = field(default_factory=lambda: count(1))

    def begin_round(self) -> None:
        """Every ledger is new."""
        for path in self.folder.glob("*.db*"):
            path.unlink()
        with Redis(host="127.0.0.1", port=self.redis.port) as client:
            client.flushall()

    def run(
        self,
        contender: Contender,
        networked: int = NETWORKED,
        stubbed: int = STUBBED,
        *,
        offset: int = 0,
        settings: Mapping[str, str] | None = None,
    ) -> Run:
        """One instance; its events are numbered from `offset` on, `settings` go before the usual ones."""
        numbers = range(offset, offset + networked + stubbed)
        events = [contender.write_event(number) for number in numbers]
        with self.start(contender, networked, settings) as instance:
            run = run_events(instance, events, networked)
            self.check_calls(instance, networked if contender.starts else 0)
        return run

    @contextlib.contextmanager
    def start(
        self, contender: Contender, networked: int, settings: Mapping[str, str] | None = None
    ) -> Iterator[Instance]:
        """A new instance; `settings` go before the usual ones. The API forgets what it was asked."""
        deployed = self.deployment
        peers = deployed.peers if contender.compiled else deployed.peers_uncompiled
        folder = deployed.ours if contender.is_ours else peers
        chosen = {**SETTINGS, **self._name_places(contender), **(settings or {})}
        self.api.calls.clear()
        with starting_instance(deployed.python, folder, contender, chosen, networked) as instance:
            yield instance

    def check_calls(self, instance: Instance, wanted: int) -> None:
        """Raises WrongAnswerError unless the API was called as often as is wanted."""
        calls = self.api.calls.total()
        if calls != wanted:
            raise instance.error(f"called the API {calls} times, not {wanted}")

    def open_place(self, contender: Contender) -> str:
        """The LEDGER_URL of a further ledger of one of ours, empty since the round began."""
        number = next(self.places)
        if contender.engine == "Redis":
            return self.redis.url.removesuffix("0") + str(number % REDIS_DATABASES)
        return f"sqlite:///{self.folder}/our-{number}.db"

    def ledger_url(self, contender: Contender) -> str:
        """The LEDGER_URL of one of ours."""
        return self.redis.url if contender.engine == "Redis" else f"sqlite:///{self.folder}/our.db"

    def _name_places(self, contender: Contender) -> dict[str, str]:
        """Where API and ledger are."""
        if contender.is_ours:
            url, endpoint = self.ledger_url(contender), f"https://{self.api.host}"
            return {"LEDGER_URL": url, "TRTC_ENDPOINT": endpoint}
        ledger = self.folder / f"peer-{contender.compiled}.db"
        return {"PEER_ENDPOINT": self.api.host, "PEER_LEDGER": str(ledger)}


@contextlib.contextmanager
def prepare_grounds() -> Iterator[list[Ground]]:
    """One for SCF's Python and one for the newest, as far as they run here."""
    with tempfile.TemporaryDirectory(prefix="roomscribe-cost-") as name:
        folder = Path(name)
        # As a managed Redis is set: the disk is written to once a second.
        redis = RedisServer(folder / "redis", "--appendfsync", "everysec")
        with running_api(folder) as api, redis:
            grounds = []
            for version, python in find_pythons():
                own = folder / version
                own.mkdir()
                deployed = deploy(own, version, python, api.certificate)
                grounds.append(Ground(deployed, api, redis, own))
            yield grounds


def measure_rounds(
    ground: Ground,
    rounds: int,
    contenders: Sequence[Contender] = (*PEERS, *WE),
    networked: int = NETWORKED,
    stubbed: int = STUBBED,
) -> Runs:
    """What everybody took, one after another in each round."""
    runs: Runs = defaultdict(list)
    for number in range(rounds + 1):
        ground.begin_round()
        for contender in contenders:
            run = ground.run(contender, networked, stubbed)
            if number:  # the first round only fills the file cache
                runs[contender].append(run)
        say(f"Python {ground.deployment.version}: round {number} of {rounds}")
    return runs


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    if sys.stderr.isatty():
        print(f"\r{text}", end="\r", file=sys.stderr, flush=True)
