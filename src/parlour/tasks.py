"""A supervisor of background tasks: repeated steps, with exponential back-off after failures.

A feature registers each of its tasks as a *step*: it waits for its work, does the work once, and returns the
seconds to pause. A step that raises is repeated after a pause that doubles from FIRST_PAUSE_SECONDS to
LONGEST_PAUSE_SECONDS, so that a bad row ends no task for good, and tasks survive an outage of the database.

A task of the whole cluster runs on the node that owns it (`TaskOwnership`). That saves the other nodes its
work; it is no lock, since a node may not have noticed yet that it owns the task no more. What must not happen
twice is the step's to see to, in its transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from parlour.db.database import DATABASE_UNAVAILABLE

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 5.0
SHORTEST_PAUSE_SECONDS = 0.5
STANDBY_SECONDS = 2.0
"""The time after which a node asks again for a task that another node owns."""

log = structlog.get_logger("parlour.tasks")

Step = Callable[[], Awaitable[float | None]]
"""Does a task's work once. Returns the seconds to pause before the next step, or None for no pause."""


class TaskOwnership(Protocol):
    """Says which tasks of the cluster are this node's."""

    async def own(self, name: str, /) -> bool:
        """Own a task unless another node does; return True if this node is to run it now."""

    async def give_up(self, name: str, /) -> None:
        """Leave a task to another node, which may be able to run it."""

    async def leave(self) -> None:
        """Leave all tasks to other nodes, for good."""


@dataclass(frozen=True, slots=True)
class TaskHealth:
    """The state of a task: consecutive `failures`, and the name of the last error; 0 and None if it works."""

    failures: int = 0
    error: str | None = None


class Supervisor:
    """Runs every registered step in an asyncio task of its own, from `start` to `stop`."""

    def __init__(self, ownership: TaskOwnership | None = None) -> None:
        """Run the tasks of the cluster too if there is no `ownership`: this is the only node then."""
        self._ownership = ownership
        self._steps: dict[str, Step] = {}
        self._running: list[asyncio.Task[None]] = []
        self._health: dict[str, TaskHealth] = {}

    @property
    def health(self) -> Mapping[str, TaskHealth]:
        """Return the health of each task by its name."""
        return self._health

    def repeat(self, name: str, step: Step) -> None:
        """Register a step to be repeated until the server ends."""
        if name in self._steps:
            raise ValueError(f"there is a task {name!r} already")
        self._steps[name] = step
        self._health[name] = TaskHealth()

    def repeat_on_one_node(self, name: str, step: Step) -> None:
        """Register a step of which one node of the cluster is enough.

        The step acts first and waits at its end: ownership is asked for just before. A node on which it fails
        gives the task up.
        """
        ownership = self._ownership
        if ownership is None:
            self.repeat(name, step)
            return

        async def step_if_owned() -> float | None:
            if not await ownership.own(name):
                return STANDBY_SECONDS
            try:
                return await step()
            except Exception:
                await ownership.give_up(name)
                raise

        self.repeat(name, step_if_owned)

    def every(
        self,
        seconds: float,
        name: str,
        act: Callable[[], Awaitable[None]],
        *,
        sooner: asyncio.Event | None = None,
    ) -> None:
        """Register an action to be run at intervals, for the first time after `seconds`.

        It runs at once when `sooner` is set, or after SHORTEST_PAUSE_SECONDS if it has just run.
        """

        async def step() -> float | None:
            if sooner is None:
                await asyncio.sleep(seconds)
                await act()
                return None
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await sooner.wait()
            sooner.clear()
            try:
                await act()
            except Exception:
                sooner.set()  # it is still due
                raise
            return SHORTEST_PAUSE_SECONDS

        self.repeat(name, step)

    def start(self) -> None:
        self._running = [
            asyncio.create_task(self._run(name, step), name=name) for name, step in self._steps.items()
        ]

    async def leave_to_other_nodes(self) -> None:
        """Leave the tasks of the cluster to other nodes; those of each node go on."""
        if self._ownership is not None:
            await self._ownership.leave()

    async def stop(self) -> None:
        """Cancel all tasks and wait for their end."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running = []

    async def _run(self, name: str, step: Step) -> None:
        pause = 0.0
        while True:
            await asyncio.sleep(pause)  # even 0 yields to other tasks, if the step never awaits
            pause = await self._step(name, step)

    async def _step(self, name: str, step: Step) -> float:
        """Run a step; return the seconds to pause before the next."""
        try:
            pause = await step()
        except DATABASE_UNAVAILABLE as error:
            health = self._failed(name, error)
            log.warning("task.postponed", task=name, error=health.error)
        except Exception as error:
            health = self._failed(name, error)
            log.exception("task.failed", task=name, error=health.error)
        else:
            self._health[name] = TaskHealth()
            return pause or 0.0
        return min(FIRST_PAUSE_SECONDS * (1 << min(health.failures - 1, 10)), LONGEST_PAUSE_SECONDS)

    def _failed(self, name: str, error: Exception) -> TaskHealth:
        health = TaskHealth(self._health[name].failures + 1, type(error).__name__)
        self._health[name] = health
        return health
