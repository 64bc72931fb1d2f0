"""The two parts of the local cloud, ready to serve: the emulator and the function host."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence

from local.cloud.admission import OtherApi
from local.cloud.app import Cloud, create_cloud
from local.cloud.clock import Clock, ManualClock, SystemClock
from local.cloud.config import CloudConfig, Wanted
from local.cloud.feed import Feed
from local.development import FUNCTIONS_DIR
from local.host.app import Host, create_host
from local.wanted import read_wanted
from shared.rules_file import load_rules
from shared.settings import read_settings


def load_wanted(settings: Mapping[str, str]) -> Wanted:
    """What the rules want; checks all settings, and raises SettingsError or RulesError."""
    return read_wanted(load_rules(read_settings(settings).rules_file))


def create_clock(*, manual: bool) -> Clock:
    """The system's clock, or one that stands still at what the time is now."""
    clock = SystemClock()
    return ManualClock(clock.now_ms()) if manual else clock


@contextlib.asynccontextmanager
async def running_cloud(
    config: CloudConfig, clock: Clock, feed: Feed, other_apis: Sequence[OtherApi] = ()
) -> AsyncIterator[Cloud]:
    """The emulator, between its start and its end."""
    cloud = create_cloud(config, clock=clock, feed=feed, other_apis=other_apis)
    await cloud.start()
    try:
        yield cloud
    finally:
        await cloud.close()


@contextlib.asynccontextmanager
async def running_host(
    settings: Mapping[str, str], clock: Clock, feed: Feed
) -> AsyncIterator[Host]:
    """The function host; no instance outlives it."""
    host = create_host(FUNCTIONS_DIR, settings, feed=feed, clock=clock)
    host.start()
    try:
        yield host
    finally:
        await host.close()
