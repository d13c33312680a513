"""The supervisor repeats steps, and goes on after failures."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from structlog.testing import capture_logs

from parlour import tasks
from parlour.cluster import task_ownership
from parlour.cluster.memory import MemoryCluster, MemoryCoordinator
from parlour.cluster.messages import ClusterMessages
from parlour.cluster.task_ownership import ClusterTasks
from parlour.cluster.this_node import describe_this_node
from parlour.db.database import TransactionTimeout
from parlour.node_id import new_node_id
from parlour.tasks import Supervisor, TaskHealth

PATIENCE = 10


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "FIRST_PAUSE_SECONDS", 0.0)


async def test_a_step_is_repeated_until_the_supervisor_stops() -> None:
    supervisor, steps, thrice = Supervisor(), 0, asyncio.Event()

    async def step() -> None:
        nonlocal steps
        steps += 1
        if steps == 3:
            thrice.set()

    supervisor.repeat("counting", step)
    supervisor.start()
    async with asyncio.timeout(PATIENCE):
        await thrice.wait()
    await supervisor.stop()
    after = steps
    await asyncio.sleep(0)
    assert steps == after


@pytest.mark.parametrize(
    ("error", "event"),
    [(TransactionTimeout("away"), "task.postponed"), (RuntimeError("a bad row"), "task.failed")],
)
async def test_a_task_that_fails_goes_on_and_says_so(error: Exception, event: str) -> None:
    supervisor, works, failures = Supervisor(), asyncio.Event(), iter([error, error])
    seen = list[TaskHealth]()

    async def step() -> None:
        seen.append(supervisor.health["trying"])
        failure = next(failures, None)
        if failure is not None:
            raise failure
        works.set()
        await asyncio.Event().wait()

    supervisor.repeat("trying", step)
    with capture_logs() as logs:
        supervisor.start()
        async with asyncio.timeout(PATIENCE):
            await works.wait()
        await supervisor.stop()
    name = type(error).__name__
    assert seen == [TaskHealth(), TaskHealth(1, name), TaskHealth(2, name)]
    assert [(line["event"], line["task"], line["error"]) for line in logs] == [(event, "trying", name)] * 2


async def test_a_task_that_works_again_is_healthy() -> None:
    supervisor, again, outcomes = Supervisor(), asyncio.Event(), iter([RuntimeError("once"), None])

    async def step() -> None:
        outcome = next(outcomes, StopAsyncIteration)
        if outcome is StopAsyncIteration:
            again.set()
            await asyncio.Event().wait()
        elif isinstance(outcome, Exception):
            raise outcome

    supervisor.repeat("trying", step)
    supervisor.start()
    async with asyncio.timeout(PATIENCE):
        await again.wait()
    assert supervisor.health["trying"] == TaskHealth()
    await supervisor.stop()


async def test_two_tasks_of_one_name_are_a_mistake() -> None:
    supervisor = Supervisor()

    async def step() -> None:
        return None

    supervisor.repeat("mail", step)
    with pytest.raises(ValueError, match="mail"):
        supervisor.repeat("mail", step)


async def test_an_action_can_be_due_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not lost if the action fails."""
    monkeypatch.setattr(tasks, "SHORTEST_PAUSE_SECONDS", 0.0)
    supervisor, is_due, done = Supervisor(), asyncio.Event(), asyncio.Queue[None]()
    failures = iter([RuntimeError("a bad row")])

    async def act() -> None:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        done.put_nowait(None)

    supervisor.every(3_600, "acting", act, sooner=is_due)
    supervisor.start()
    async with asyncio.timeout(PATIENCE):
        for _ in range(2):
            is_due.set()
            await done.get()
    await supervisor.stop()
    assert done.empty()
    assert not is_due.is_set()


class Nodes:
    """Nodes of a cluster in memory, each with a supervisor that has the task "upkeep"."""

    def __init__(self, count: int) -> None:
        self.cluster = MemoryCluster()
        self.runs: list[int] = []
        self.has_run = asyncio.Event()
        self.failing: set[int] = set()
        self.coordinators = [
            MemoryCoordinator(new_node_id(), self.cluster, description=describe_this_node())
            for _ in range(count)
        ]
        for coordinator in self.coordinators:
            ClusterMessages(coordinator)
        self.supervisors = [Supervisor(ClusterTasks(coordinator)) for coordinator in self.coordinators]
        for number, supervisor in enumerate(self.supervisors):
            supervisor.repeat_on_one_node("upkeep", partial(self._step, number))
        self._running = [asyncio.create_task(coordinator.run()) for coordinator in self.coordinators]

    async def _step(self, number: int) -> None:
        self.runs.append(number)
        self.has_run.set()
        if number in self.failing:
            raise TransactionTimeout("away")

    async def until_run_by(self, number: int) -> None:
        """Wait until a node runs the task that has not run it since this was called."""
        self.runs.clear()
        async with asyncio.timeout(PATIENCE):
            while number not in self.runs:
                self.has_run.clear()
                await self.has_run.wait()

    async def stop(self) -> None:
        for supervisor in self.supervisors:
            await supervisor.stop()
        for task in self._running:
            task.cancel()


@pytest.fixture
async def nodes(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Nodes]:
    monkeypatch.setattr(tasks, "STANDBY_SECONDS", 0.001)
    made = Nodes(2)
    await asyncio.sleep(0)  # both register
    yield made
    await made.stop()


async def test_a_task_of_the_cluster_runs_on_one_node_until_that_dies(nodes: Nodes) -> None:
    first, second = nodes.supervisors
    first.start()
    await nodes.until_run_by(0)
    second.start()
    for _ in range(20):
        await asyncio.sleep(0)
    assert set(nodes.runs) == {0}
    await first.stop()
    lease = nodes.coordinators[0].lease
    assert lease is not None
    nodes.cluster.expire(lease.lease_id)
    await nodes.until_run_by(1)


async def test_a_node_that_cannot_run_a_task_leaves_it_to_another(nodes: Nodes) -> None:
    first, second = nodes.supervisors
    nodes.failing.add(0)
    first.start()
    await nodes.until_run_by(0)
    second.start()
    await nodes.until_run_by(1)


async def test_without_a_lease_every_node_runs_it(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database keeps in order what the tasks do; nobody knows how long Redis will be away."""
    monkeypatch.setattr(task_ownership, "AWAY_SECONDS", 0.01)
    for task in nodes._running:
        task.cancel()
    for coordinator in nodes.coordinators:
        await coordinator.leave()
    for number, supervisor in enumerate(nodes.supervisors):
        supervisor.start()
        await nodes.until_run_by(number)
