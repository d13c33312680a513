"""How many requests begin in a turn of the event loop, and whose."""

import asyncio
from collections import Counter

from starlette.types import Message, Receive, Scope, Send

from parlour.errors import Unavailable
from parlour.http.request_turns import LIMIT, REQUESTS_A_TURN, RequestTurns


class Application:
    """Notes in which turn of the loop which client's request began."""

    def __init__(self) -> None:
        self.turn = 0
        self.begun: list[tuple[int, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun.append((self.turn, scope["client"][0]))

    async def settled(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
            self.turn += 1


async def nothing() -> Message:
    raise AssertionError("nobody reads here")


async def unsent(_: Message) -> None:
    raise AssertionError("nobody answers here")


def asks(layer: RequestTurns, address: str) -> asyncio.Task[None]:
    scope = {"type": "http", "client": (address, 1)}
    return asyncio.create_task(layer(scope, nothing, unsent))


async def test_few_begin_in_one_turn() -> None:
    application = Application()
    layer = RequestTurns(application)
    requests = [asks(layer, "192.0.2.1") for _ in range(50)]
    await application.settled(60)
    assert max(Counter(turn for turn, _ in application.begun).values()) <= REQUESTS_A_TURN
    assert len(application.begun) == 50
    await asyncio.gather(*requests)


async def test_a_flood_of_one_client_holds_up_another_by_a_turn() -> None:
    application = Application()
    layer = RequestTurns(application)
    requests = [asks(layer, "192.0.2.1") for _ in range(1000)]
    await application.settled(2)
    requests.append(asks(layer, "192.0.2.2"))
    await application.settled(4)
    assert "192.0.2.2" in {client for _, client in application.begun}
    assert len(application.begun) < 50
    await application.settled(300)
    assert len(application.begun) == 1001
    await asyncio.gather(*requests)


async def test_who_is_cancelled_takes_nobody_s_turn() -> None:
    application = Application()
    layer = RequestTurns(application)
    requests = [asks(layer, "192.0.2.1") for _ in range(100)]
    await application.settled(2)
    for request in requests[::2]:
        request.cancel()
    await asyncio.gather(*requests, return_exceptions=True)
    assert len(application.begun) >= 50
    await asks(layer, "192.0.2.1")


async def test_where_too_many_wait_the_newest_of_those_with_most_is_refused() -> None:
    application = Application()
    layer = RequestTurns(application)
    requests = [asks(layer, "192.0.2.1") for _ in range(LIMIT + 2 * REQUESTS_A_TURN)]
    honest = asks(layer, "192.0.2.2")
    results = await asyncio.gather(*requests, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert refused
    assert results.count(None) == len(results) - len(refused) >= LIMIT - 1
    await honest


async def test_what_is_no_request_passes() -> None:
    passed: list[str] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["type"])

    await RequestTurns(application)({"type": "lifespan"}, nothing, unsent)
    assert passed == ["lifespan"]
