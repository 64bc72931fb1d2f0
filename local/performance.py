"""A scenario played on a running local cloud, while the terminal shows what happens."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from local.cloud.feed import Entry, Feed
from local.scenario import Scenario, play
from local.tally import Tally
from local.terminal import Screen
from local.watch import Watch


@dataclass(frozen=True)
class Performance:
    """One scenario, where it is played, and who watches."""

    scenario: Scenario
    url: str
    feed: Feed
    tally: Tally
    screen: Screen

    async def play_and_stay(self) -> int:
        """Play, then go on showing what happens; ends only when it is cancelled."""
        self.screen.say(f"rooms, tasks and captions, live: {self.url}/", "bold")
        watch = Watch(self.feed, self._take)
        async with watch.following() as following:
            await self._play()
            self.screen.say("The scenario is over. Still serving; Ctrl-C ends it.", "bold")
            reader = f"{self.url}/functions/read_transcript"
            self.screen.say(f"to read it: python -m local link --room ROOM --url {reader}", "bold")
            await following
        return 0

    async def play_once(self) -> int:
        """Play, wait until all is quiet, sum up; 1 when something was missing."""
        watch = Watch(self.feed, self._take)
        async with watch.following():
            await self._play()
            await watch.wait_for_quiet(self.tally.is_settled)
        return self._sum_up(await self._read_report())

    async def _play(self) -> None:
        self.screen.say(self.scenario.title, "bold")
        # Proxies of the environment are for the internet, not for this machine.
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            await play(self.scenario, client)

    async def _read_report(self) -> dict[str, float]:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            report = (await client.get("/_local/report")).raise_for_status().json()
        return {name: report[f"{name}_s"] for name in ("missing", "doubled", "orphaned")}

    def _sum_up(self, seconds: dict[str, float]) -> int:
        faults = self.tally.find_faults(self.scenario)
        if seconds["doubled"]:
            faults.append(f"people were heard twice for {seconds['doubled']:g} s")
        for line in self.tally.summarize():
            self.screen.say(line)
        self.screen.say(f"seconds   {', '.join(f'{n:g} {name}' for name, n in seconds.items())}")
        for fault in faults:
            self.screen.say(f"MISSING   {fault}", "bold red")
        return 1 if faults else 0

    def _take(self, entry: Entry) -> None:
        self.tally.add(entry)
        self.screen.show(entry)
