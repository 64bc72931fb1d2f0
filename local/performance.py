"""A scenario played on a running local cloud, while the terminal shows what happens."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from starlette.concurrency import run_in_threadpool

from local.cloud.feed import Entry, Feed
from local.scenario import Scenario, play
from local.tally import Room as PlayedRoom
from local.tally import Tally
from local.terminal import Screen
from local.transcripts import Transcripts
from local.verdict import give_verdict
from local.watch import Watch
from shared.room import Room


@dataclass(frozen=True)
class Performance:
    """One scenario, where it is played, and who watches; `in_detail` they get the counts at the end, too."""

    scenario: Scenario
    url: str
    feed: Feed
    tally: Tally
    screen: Screen
    transcripts: Transcripts
    in_detail: bool = False
    links: dict[str, tuple[str, str]] = field(default_factory=dict)  # session → room, link

    async def play_and_stay(self) -> int:
        """Play, then go on showing what happens; ends only when it is cancelled."""
        self.screen.say(f"rooms, tasks and transcripts, live: {self.url}/", "bold")
        self.screen.say(f"all meetings: {self.url}/_local/meetings", "bold")
        watch = Watch(self.feed, self._take_and_link)
        async with watch.following() as following:
            await self._play()
            self.screen.say("The scenario is over. Still serving; Ctrl-C ends it.", "bold")
            for room_id, link in self.links.values():
                self._show_link(room_id, link)
            await following
        return 0

    async def play_once(self) -> int:
        """Play, wait until all is quiet, sum up; 1 when something was missing."""
        begun_ms = time.time_ns() // 1_000_000
        watch = Watch(self.feed, self.take)
        async with watch.following():
            await self._play()
            await watch.wait_for_quiet(self.tally.is_settled)
        return self._sum_up(await self._read_report(), await self._count_kept(begun_ms))

    async def _play(self) -> None:
        self.screen.say(self.scenario.title, "bold")
        # Proxies of the environment are for the internet, not for this machine.
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            await play(self.scenario, client)

    async def _read_report(self) -> dict[str, float]:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            report = (await client.get("/_local/report")).raise_for_status().json()
        return {name: report[f"{name}_s"] for name in ("missing", "doubled", "orphaned")}

    def _sum_up(self, seconds: dict[str, float], kept: dict[PlayedRoom, int]) -> int:
        faults = self.tally.find_faults(self.scenario)
        if seconds["doubled"]:
            faults.append(f"people were heard twice for {seconds['doubled']:g} s")
        counts = [
            *self.tally.summarize(),
            f"seconds   {', '.join(f'{n:g} {name}' for name, n in seconds.items())}",
        ]
        for line in counts if self.in_detail else ():
            self.screen.say(line)
        verdict, *missed = give_verdict(self.tally, kept, faults)
        self.screen.say(verdict, "bold")
        for each in missed:
            self.screen.say(f"MISSING   {each}", "bold red")
        return 1 if faults else 0

    async def _count_kept(self, since_ms: int) -> dict[PlayedRoom, int]:
        """How many sentences the transcripts have of the sessions since then, by room."""
        application = self.tally.sdk_app_id
        return {
            room: await run_in_threadpool(
                self.transcripts.count_sentences, Room(application, *room), since_ms
            )
            for room in self.tally.wanted_rooms
        }

    def take(self, entry: Entry) -> None:
        """Count an entry of the feed, and show it."""
        self.tally.add(entry)
        self.screen.show(entry)

    def _take_and_link(self, entry: Entry) -> None:
        self.take(entry)
        line = entry.get("line")
        if isinstance(line, Mapping) and line.get("message") == "sentence.kept":
            self._link(str(line["room_id"]), str(line["session"]))

    def _link(self, room_id: str, session_id: str) -> None:
        """Show the link to a session when its transcript begins."""
        if session_id not in self.links:
            self.links[session_id] = (room_id, self.transcripts.write_link(session_id))
            self._show_link(*self.links[session_id])

    def _show_link(self, room_id: str, link: str) -> None:
        self.screen.say(f"what is said in {room_id}:", "bold")
        self.screen.say(link, "bold cyan")
