"""Puts the emulator together."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from local.cloud.actions import Actions
from local.cloud.announcer import Announcer
from local.cloud.api import Api, OtherApi
from local.cloud.books import Books
from local.cloud.clock import Clock, SystemClock
from local.cloud.config import CloudConfig
from local.cloud.delivery import Delivery
from local.cloud.feed import Feed
from local.cloud.presence import Presence
from local.cloud.rooms import Rooms
from local.cloud.rooms_api import RoomsApi
from local.cloud.speech import Speech
from local.cloud.state import World
from local.cloud.tasks import Tasks


class Cloud:
    """A TRTC of one's own; make one with `create_cloud` and use it from one event loop."""

    def __init__(
        self, routes: list[BaseRoute], clock: Clock, feed: Feed, books: Books, delivery: Delivery
    ) -> None:
        self.routes = routes
        self.clock = clock
        self.feed = feed
        self._books = books
        self._delivery = delivery

    @property
    def callbacks_on_their_way(self) -> int:
        """How many callbacks `settle` waits for."""
        return self._delivery.on_their_way

    async def start(self) -> None:
        """Begin to deliver callbacks."""
        self._delivery.start()

    async def close(self) -> None:
        """End the feed's subscriptions and drop callbacks that are on their way."""
        self.feed.close()
        await self._delivery.close()

    async def settle(self) -> None:
        """Wait until no callback is on its way: before a ManualClock moves on, or all are late."""
        await self._delivery.settle()

    def set_callback_url(self, url: str | None) -> None:
        """Where callbacks go from now on; None is nowhere."""
        self._delivery.url = url

    def report(self) -> dict[str, object]:
        """The books, as `/_local/report` answers them."""
        return self._books.report()


def create_cloud(
    config: CloudConfig,
    *,
    clock: Clock | None = None,
    feed: Feed | None = None,
    other_apis: Sequence[OtherApi] = (),
) -> Cloud:
    """An emulator with that configuration; its own clock and feed unless given.

    `other_apis` are other products' APIs, reached through the same gateway.
    """
    clock = clock or SystemClock()
    feed = feed or Feed(clock.now_ms)
    delivery = Delivery(config, clock, feed)
    announcer = Announcer(config, clock, feed, delivery)
    world = World()
    books = Books(world, clock)
    presence = Presence(config, books, announcer)
    tasks = Tasks(config, clock, world, books, announcer, presence)
    rooms = Rooms(config, clock, world, presence, tasks, Speech(clock, announcer))
    api = Api(config, clock, feed, Actions(config, clock, world, tasks), other_apis)
    default_sdk_app_id = config.applications[0].sdk_app_id
    rooms_api = RoomsApi(world, rooms, books, feed, default_sdk_app_id)
    return Cloud([*api.routes, *rooms_api.routes], clock, feed, books, delivery)
