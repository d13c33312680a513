"""The connections of a long run are shared among the processes that hold them."""

import asyncio
import multiprocessing
import os
from collections import Counter
from pathlib import Path

import pytest

from bench.seed import PAIRS, Person, Seed
from bench.soak.__main__ import A_PROCESS, tasks
from bench.soak.crowd import Report, send_whole

PEOPLE = [
    Person(user_id=number, session="", username="", email="", access_token="", refresh_token="")
    for number in range(24_000)
]
SEED = Seed(folder=Path(), secret="", people=PEOPLE, rooms=0, database_url="")
PORTS = [1, 2, 3, 4]


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize(("ports", "count"), [(PORTS, 24_000), (PORTS, 20_000), ([1], 10_000)])
def test_each_server_holds_its_share_and_each_person_has_one_connection(
    ports: list[int], count: int, *, across: bool
) -> None:
    found = tasks(ports, SEED, count, across=across)
    held = Counter[int]()
    for task in found:
        assert len(task.idle) <= A_PROCESS
        held[task.port] += len(task.idle)
        held.update(seat.port for seat in task.talkers)
    assert held == dict.fromkeys(ports, count // len(ports))
    people = [person.user_id for task in found for person in task.idle]
    people += [seat.person.user_id for task in found for seat in task.talkers]
    assert len(set(people)) == len(people) == count
    assert len({task.number for task in found}) == len(found)


def test_both_people_of_a_call_are_at_one_server_or_at_two() -> None:
    for across in (False, True):
        talkers = [seat for task in tasks(PORTS, SEED, 20_000, across=across) for seat in task.talkers]
        assert len(talkers) == 2 * PAIRS.count
        for one, other in zip(talkers[::2], talkers[1::2], strict=True):
            assert one.room == other.room
            assert (one.port != other.port) == across


async def test_a_report_that_is_larger_than_its_line_arrives_whole() -> None:
    """The line is read by an event loop of its process until the report is due."""
    loop = asyncio.get_running_loop()
    ours, theirs = multiprocessing.Pipe()

    def send() -> None:
        with theirs:
            send_whole(theirs, report)

    with ours:
        os.set_blocking(theirs.fileno(), False)  # as the event loop's reader leaves it
        report = Report(
            connections=1, lost=0, sent=0, heartbeats=0, delays=[0.001] * 200_000, cpu=0.0, failure=""
        )
        sending = loop.run_in_executor(None, send)
        assert await loop.run_in_executor(None, ours.recv) == report
        await sending
