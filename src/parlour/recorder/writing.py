"""Work that threads do for one track, in its order."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor


class TrackWriting:
    """Runs the work of one track, one piece after the other; at most `most` pieces wait."""

    def __init__(self, threads: Executor, *, most: int) -> None:
        self._threads = threads
        self._waiting: asyncio.Queue[Callable[[], None] | None] = asyncio.Queue(most)
        self._task = asyncio.create_task(self._run())

    def offer(self, work: Callable[[], None]) -> bool:
        """Have it done later; return False if too much waits. Raises what earlier work has raised."""
        if self._task.done():
            self._task.result()
        if self._waiting.full():
            return False
        self._waiting.put_nowait(work)
        return True

    async def finish(self, last: Callable[[], None] | None = None) -> None:
        """Wait until all is done, and `last` after it. Raises what the work has raised."""
        if not self._task.done():
            put = asyncio.create_task(self._waiting.put(None))
            await asyncio.wait((put, self._task), return_when=asyncio.FIRST_COMPLETED)
            await self._task
        try:
            self._task.result()
        finally:
            if last is not None:
                await asyncio.get_running_loop().run_in_executor(self._threads, last)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while (work := await self._waiting.get()) is not None:
            await loop.run_in_executor(self._threads, work)
