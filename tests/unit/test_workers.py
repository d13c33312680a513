"""What `parlour serve --workers` asks of the settings, and how a worker is kept running."""

import asyncio
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from parlour import workers
from parlour.options import database_connections
from parlour.serve import PortTaken, listening_socket, require_workable
from parlour.settings import Settings, SettingsError
from parlour.tasks import Supervisor
from parlour.workers import Workers

REDIS, POSTGRESQL = "redis://127.0.0.1", "postgresql:///parlour"


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, "PARLOUR_REDIS_URL"),
        (
            {"redis_url": REDIS, "database_url": POSTGRESQL, "tls_cert": "chain.pem", "tls_key": "key.pem"},
            "PARLOUR_TLS_CERT",
        ),
    ],
    ids=["a Redis", "a proxy for https"],
)
def test_several_workers_need(tmp_path: Path, values: dict[str, str], names: str) -> None:
    with pytest.raises(SettingsError, match=f"^{names}: .*\\.$"):
        require_workable(Settings(_env_file=None, data_dir=tmp_path, **values))  # type: ignore[arg-type]


@pytest.mark.parametrize(("count", "each"), [(1, 20), (3, 20), (4, 18), (8, 9), (14, 5), (64, 5)])
def test_workers_share_the_connections_of_postgresql(count: int, each: int) -> None:
    assert database_connections(count) == each
    assert count > 14 or (count + 1) * each <= 97, "with the successor of one, as many as PostgreSQL allows"


@pytest.mark.parametrize("values", [{}, {"database_url": POSTGRESQL}], ids=["SQLite", "PostgreSQL"])
def test_a_redis_is_enough(tmp_path: Path, values: dict[str, str]) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, redis_url=REDIS, **values)  # type: ignore[arg-type]
    require_workable(settings)


@pytest.mark.parametrize(
    ("sockets", "count", "divided"),
    [
        (1, 3, [[0], [0], [0]]),
        (3, 3, [[0], [1], [2]]),
        (2, 3, [[0], [1], [0]]),
        (3, 2, [[0, 2], [1]]),
    ],
    ids=["they share one", "each has one", "two share one", "none is left over"],
)
def test_sockets_of_a_service_manager(sockets: int, count: int, divided: list[list[int]]) -> None:
    """Of each address, such as one of IPv4 and one of IPv6."""
    with ExitStack() as opened:
        first, second = (
            [opened.enter_context(one) for (one,) in workers.open_listeners("127.0.0.1", 0, sockets)]
            for _ in range(2)
        )
        with capture_logs() as log:
            listeners = workers.divided_listeners([*first, *second], count)
    assert listeners == [
        [address[number] for address in (first, second) for number in numbers] for numbers in divided
    ]
    assert {entry["event"] for entry in log} == ({"workers.share_a_socket"} if sockets < count else set())


def test_a_port_that_is_shared_already_is_taken() -> None:
    """Another server that would answer half of the requests is no neighbour."""
    with listening_socket("127.0.0.1", 0, is_shared=True) as other, pytest.raises(PortTaken):
        workers.open_listeners("127.0.0.1", other.getsockname()[1], 2)


PROGRAM = """
import os, sys, time
with open(sys.argv[1], "a+") as starts:
    starts.write(f"{os.getpid()}\\n")
    starts.seek(0)
    number = len(starts.readlines())
while number == 2:
    time.sleep(1)
while True:
    print("Parlour is ready", flush=True)
    time.sleep(1)
"""
"""A worker that hangs at its second start."""


async def test_a_worker_that_hangs_as_it_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = tmp_path / "starts"
    starts.touch()
    monkeypatch.setattr(workers, "WORKER", (sys.executable, "-c", PROGRAM, str(starts)))
    # It counts from before the interpreter's start, after which alone the program notes that it has begun.
    monkeypatch.setattr(workers, "START_SECONDS", 3.0)
    loop = asyncio.get_running_loop()

    async def started(count: int) -> int:
        """Wait for so many starts, and return the process of the last one."""
        async with asyncio.timeout(60):
            while len(pids := starts.read_text().splitlines()) < count:  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.05)
        return int(pids[-1])

    with listening_socket("127.0.0.1", 0) as listener:
        running = asyncio.create_task(Workers([[listener]], (), Supervisor(), drain_seconds=0).run())
        try:
            first = await started(1)
            os.kill(first, signal.SIGKILL)
            hanging = await started(2)
            await started(3)
            assert hanging != first
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.remove_signal_handler(sign)
