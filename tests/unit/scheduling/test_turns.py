"""Long work in short turns, and one answer for all who ask at once."""

import asyncio

from parlour.scheduling.turns import SharedWork, in_turns


async def test_others_have_their_turn_in_between() -> None:
    seen: list[str] = []
    loop = asyncio.get_running_loop()
    async for number in in_turns(range(4), each=2):
        seen.append(f"{number}")
        loop.call_soon(seen.append, f"after {number}")
    assert seen[:5] == ["0", "1", "after 0", "after 1", "2"]


async def test_one_answer_for_all_but_none_that_began_before_the_question() -> None:
    begun: asyncio.Queue[asyncio.Future[int]] = asyncio.Queue()

    async def work() -> int:
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        begun.put_nowait(answer)
        return await answer

    shared = SharedWork(work)
    first = asyncio.create_task(shared())
    answer = await begun.get()
    later = [asyncio.create_task(shared()) for _ in range(5)]
    await asyncio.sleep(0)
    assert begun.empty(), "one at a time"
    answer.set_result(1)
    assert await first == 1
    (await begun.get()).set_result(2)
    assert await asyncio.gather(*later) == [2] * 5
