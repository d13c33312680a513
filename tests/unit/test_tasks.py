"""The supervisor repeats steps, and goes on after failures."""

import asyncio

import pytest
from structlog.testing import capture_logs

from parlour import tasks
from parlour.db.database import TransactionTimeout
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
