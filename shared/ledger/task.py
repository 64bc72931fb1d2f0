"""A session's task: its TaskIds at the API, its attempts, and the steps of which every change is made."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from shared.stored import FrozenStored, Stored

TROUBLES_KEPT = 8
LEASE_MS = 9_000  # longer than any call, shorter than TRTC's 10 s between retries

TaskState = Literal["due", "starting", "running", "stopping", "stopped", "failed", "held"]


class Timing(FrozenStored, frozen=True):
    """How a task at the API came to its first sentence, in ms since 1970; 0 where nobody told.

    `event_ms` is when it was wanted (a room was created, somebody came, a person asked, the task
    before it had ended), `called_ms` when its start was sent, `running_ms` when TRTC says that it
    ran (until 901 or 1401 has come: when its start was answered), `first_text_ms` when TRTC told
    of its earliest sentence (903, 1403).
    """

    event_ms: int = 0
    called_ms: int = 0
    running_ms: int = 0
    first_text_ms: int = 0


class TaskId(Stored):
    """A task at the API, in the region it was started in; `ended` once it is known to be over.

    `started_ms` is when, as far as anybody told. `reason` says in words why it ended by itself.
    `ended_ms` is when it was known to be over, `without` are users whom its start left out. `unwanted`:
    it hears somebody who has opted out.
    """

    task_id: str
    service: str
    region: str
    ended: bool = False
    started_ms: int = 0
    timing: Timing = Timing()
    reason: str = ""
    without: list[str] = []
    unwanted: bool = False
    ended_ms: int = 0


class Hearing(FrozenStored, frozen=True):
    """What the last look at a running task has found said.

    `version` is the transcript's version of that time, `last_ms` when TRTC told of the task's latest
    sentence, `silent_since_ms` since when it has been reported to stay silent (0: it has not been).
    `silent_ms` is how long earlier silences lasted that were reported.
    """

    version: int = 0
    last_ms: int = 0
    silent_since_ms: int = 0
    silent_ms: int = 0


class Trouble(FrozenStored, frozen=True):
    """Why starts did not succeed: one code, so many times in a row, from the first to the last.

    `request_id` is that of the last answer of the API; "" when the API was not asked, or did not answer.
    """

    code: str
    first_ms: int
    last_ms: int
    times: int = 1
    request_id: str = ""


class Attempt(Stored):
    """One start sent to the API: under which claim, to which service, how many TaskIds before, when."""

    token: str
    service: str
    generation: int
    sent_ms: int


class Task(Stored):
    """The transcription of one target (`*`: the whole room) in one session; times in ms.

    `token`, `lease_until_ms` and `pending` belong to the claim that is starting it, `trigger`
    names the event the claim answers. `unseen` are starts that may have happened although nobody
    saw it. `task_id` is the current one ("" before the first), `task_ids` are all it ever got.
    `changed_ms` is when `state` changed, `waiting_ms` since when it has waited for its start (0: it
    does not wait), `checked_ms` when the API last said how it is, `ended_ms` the time of the event
    that said it had ended by itself. `restarts` counts those since it last ran for long, `removed`
    says that its bot was taken out of the room once already. `wanted_ms` is when what its next
    TaskId answers happened (0: nothing is asked for). `failed_under` is the fingerprint of the package
    and the settings under which it failed, when somebody else than the rule's author may mend that;
    `unknown_checks` counts answers in a row that did not say how it is. `failed_since_ms` is since when
    it has failed, however often it was tried since (0: it has not). `troubles` are the newest of all.
    """

    target: str
    service: str
    state: TaskState = "due"
    token: str = ""
    lease_until_ms: int = 0
    not_before_ms: int = 0
    attempts: int = 0
    pending: Attempt | None = None
    unseen: list[Attempt] = []
    trigger: str = ""
    error_code: str = ""
    changed_ms: int = 0
    waiting_ms: int = 0
    checked_ms: int = 0
    ended_ms: int = 0
    restarts: int = 0
    removed: bool = False
    wanted_ms: int = 0
    failed_under: str = ""
    unknown_checks: int = 0
    failed_since_ms: int = 0
    troubles: list[Trouble] = []
    hearing: Hearing = Hearing()
    task_id: str = ""
    task_ids: list[TaskId] = []

    @property
    def alive(self) -> list[TaskId]:
        """The TaskIds that are not known to be over."""
        return [task_id for task_id in self.task_ids if not task_id.ended]

    @property
    def leftovers(self) -> list[TaskId]:
        """TaskIds that live on although they should not: a stop failed, or a start lost its claim."""
        if self.state in ("due", "starting"):
            return []
        is_current = self.task_id if self.state == "running" else None
        return [i for i in self.alive if i.unwanted or i.task_id != is_current]

    @property
    def needs_stop(self) -> bool:
        """Whether something of the task lives, or may live, at the API."""
        return bool(self.unseen or self.alive)

    @property
    def current(self) -> TaskId | None:
        """The TaskId that is, or was last, meant to run; None before the first."""
        return self.find(self.task_id)

    def find(self, task_id: str) -> TaskId | None:
        """The TaskId of that name; None when it is not this task's."""
        return next((known for known in self.task_ids if known.task_id == task_id), None)

    def add(self, task_id: TaskId) -> TaskId:
        """The TaskId as the task has it; one that the task did not have before is added."""
        for known in self.task_ids:
            if known.task_id == task_id.task_id:
                return known
        self.task_ids.append(task_id)
        return task_id

    def is_leased(self, now_ms: int) -> bool:
        """Whether somebody may still be starting the task, whose clock may be ahead by as much as a lease.

        A lease that ends later than that was written before the clock was set back: it is none.
        """
        is_held = now_ms < self.lease_until_ms <= now_ms + 2 * LEASE_MS
        return is_held and self.state == "starting"

    def set_state(self, state: TaskState, now_ms: int) -> None:
        """The state from now on."""
        self.state, self.changed_ms = state, now_ms

    def make_due(self, now_ms: int) -> None:
        """Let the task wait for its start from now on."""
        self.waiting_ms, self.not_before_ms, self.attempts, self.trigger = now_ms, 0, 0, ""
        self.failed_since_ms = 0
        self.set_state("due", now_ms)

    def run(self, task_id: TaskId, now_ms: int) -> None:
        """Make this TaskId the current one, which runs."""
        self.task_id, self.checked_ms = task_id.task_id, now_ms
        self.waiting_ms = self.not_before_ms = self.unknown_checks = self.failed_since_ms = 0
        self.error_code = self.failed_under = ""
        # 1.0 has one task for a SessionId; 2.0 has one for a bot, or nobody can tell.
        self.unseen = [attempt for attempt in self.unseen if attempt.service != task_id.service]
        self.set_state("running", now_ms)

    def note_trouble(self, code: str, now_ms: int, request_id: str = "") -> None:
        """Note that a start has not succeeded, and why."""
        last = self.troubles[-1] if self.troubles else None
        if last and last.code == code:
            self.troubles[-1] = replace(
                last, last_ms=now_ms, times=last.times + 1, request_id=request_id
            )
        else:
            trouble = Trouble(code, now_ms, now_ms, request_id=request_id)
            self.troubles = [*self.troubles[1 - TROUBLES_KEPT :], trouble]

    def adopt_living(self, now_ms: int) -> None:
        """Make a TaskId that is still running current, instead of starting another.

        Only for a task that is due, or whose claim has run out.
        """
        is_free = self.state in ("due", "starting") and not self.is_leased(now_ms)
        if is_free and self.alive:
            self.lose_claim()
            self.run(self.alive[-1], now_ms)
            self.checked_ms = 0  # nobody knows how it is: ask soon

    def lose_claim(self) -> None:
        """Wait no longer for whoever was starting the task: that start may have happened.

        Of one service and generation only the last is kept: 1.0 has one SessionId for them all, and
        2.0 can be asked about none.
        """
        if self.pending:
            last = (self.pending.service, self.pending.generation)
            others = [a for a in self.unseen if (a.service, a.generation) != last]
            self.unseen = [*others, self.pending]
            self.pending = None

    def mark_ended(self, ended: list[str], now_ms: int) -> None:
        """Note which TaskIds are over; what was to be stopped is, when nothing of it is left."""
        for known in self.alive:
            if known.task_id in ended:
                known.ended, known.ended_ms = True, now_ms
        if self.state == "stopping" and not self.needs_stop:
            self.set_state("stopped", now_ms)

    def time_running(
        self, known: TaskId, *, called_ms: int = 0, answered_ms: int = 0, told_ms: int = 0
    ) -> None:
        """Note when a TaskId began to run: its start was answered, or TRTC told of it (901, 1401).

        Whoever has the answer knows best when the start was sent, TRTC since when the task runs. Of one
        whose start nobody saw answered (`called_ms` 0), that is the first start that may have happened.
        """
        timing, attempts = known.timing, [*self.unseen, *([self.pending] if self.pending else [])]
        sent_ms = [one.sent_ms for one in attempts if one.service == known.service]
        called_ms = called_ms or min(sent_ms, default=0)
        known.timing = replace(
            timing,
            event_ms=timing.event_ms or self.wanted_ms,
            called_ms=called_ms if answered_ms else timing.called_ms or called_ms,
            running_ms=told_ms or timing.running_ms or answered_ms,
        )
        if not timing.event_ms:
            self.wanted_ms = 0
        if told_ms and not timing.running_ms:
            known.started_ms = told_ms  # a sentence of it came first, and let only guess
