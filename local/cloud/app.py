"""Puts the emulator together."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from local.cloud.actions import Actions
from local.cloud.admission import Admission, OtherApi
from local.cloud.announcer import Announcer
from local.cloud.api import Api
from local.cloud.books import Books
from local.cloud.clock import Clock, SystemClock
from local.cloud.config import CloudConfig
from local.cloud.delivery import Delivery
from local.cloud.faults.machines import KillInstances, Machines, RestartRedis
from local.cloud.faults.plan import Plan
from local.cloud.faults.routes import FaultsApi
from local.cloud.faults.strikes import Strikes, plan_faults
from local.cloud.feed import Feed
from local.cloud.history import History
from local.cloud.messages import Messages
from local.cloud.messages_api import MessagesApi
from local.cloud.presence import Presence
from local.cloud.room_data import RoomData
from local.cloud.rooms import Rooms
from local.cloud.rooms_api import RoomsApi
from local.cloud.speech import Speech
from local.cloud.state import World
from local.cloud.tasks import Tasks
from local.cloud.tasks_api import TasksApi
from local.cloud.webhook_api import WebhookApi

SETTLE_PATIENCE_S = 10.0


class Cloud:
    """A TRTC of one's own; make one with `create_cloud` and use it from one event loop."""

    def __init__(
        self,
        routes: list[BaseRoute],
        clock: Clock,
        feed: Feed,
        books: Books,
        delivery: Delivery,
        api: Api,
        machines: Machines,
        rooms: Rooms,
        messages: Messages,
    ) -> None:
        self.routes = routes
        self.rooms = rooms
        self.clock = clock
        self.feed = feed
        self._books = books
        self._delivery = delivery
        self._api = api
        self._machines = machines
        self.messages = messages

    @property
    def callbacks_on_their_way(self) -> int:
        """How many callbacks `settle` waits for."""
        return self._delivery.on_their_way

    async def start(self) -> None:
        """Begin to deliver callbacks."""
        self._delivery.start()

    async def close(self) -> None:
        """End all subscriptions, hang up where a fault keeps somebody waiting, drop callbacks."""
        self.feed.close()
        self.messages.close()
        self._api.close()
        await self._delivery.close()
        await self._machines.close()

    async def settle(self, patience_s: float = SETTLE_PATIENCE_S) -> bool:
        """Wait until no callback is on its way: before a ManualClock moves on, or all are late.

        False when a webhook still had not answered after `patience_s` of real time.
        """
        return await self._delivery.settle(patience_s)

    def set_callback_url(self, url: str | None) -> None:
        """Where callbacks go from now on; None is nowhere."""
        self._delivery.url = url

    def report(self, *, intervals: bool = False) -> dict[str, object]:
        """The books, as `/_local/report` answers them."""
        return self._books.report(intervals=intervals)


def create_cloud(
    config: CloudConfig,
    *,
    clock: Clock | None = None,
    feed: Feed | None = None,
    other_apis: Sequence[OtherApi] = (),
    kill_instances: KillInstances | None = None,
    restart_redis: RestartRedis | None = None,
    faults: tuple[Plan, Strikes] | None = None,
) -> Cloud:
    """An emulator with that configuration; its own clock, feed and faults unless given.

    `other_apis` answer behind the same gateway; what kills instances and restarts Redis is for
    faults to use.
    """
    clock = clock or SystemClock()
    feed = feed or Feed(clock.now_ms)
    plan, strikes = faults or plan_faults(clock, feed)
    machines = Machines(plan, kill_instances, restart_redis)
    delivery = Delivery(config, clock, feed, plan, machines)
    announcer = Announcer(config, clock, feed, delivery)
    world = World()
    books = Books(world, clock)
    history = History()
    presence = Presence(config, books, announcer, history)
    tasks = Tasks(config, clock, world, books, announcer, presence, plan)
    messages = Messages()
    rooms = Rooms(config, clock, world, presence, tasks, Speech(config, clock, announcer, messages))
    admission = Admission(config, clock, other_apis)
    actions = Actions(config, clock, world, tasks, RoomData(config, clock, history))
    api = Api(config, clock, feed, actions, admission, plan, machines)
    routes = [
        *api.routes,
        *RoomsApi(
            world, rooms, books, feed, [one.sdk_app_id for one in config.applications]
        ).routes,
        *MessagesApi(rooms, messages).routes,
        *TasksApi(world, tasks).routes,
        *WebhookApi(delivery).routes,
        *FaultsApi(plan, machines, strikes, admission.actions).routes,
    ]
    return Cloud(routes, clock, feed, books, delivery, api, machines, rooms, messages)
