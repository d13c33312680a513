"""Attacks of a single user on a room that the user may enter."""

import asyncio
import json

from picows import WSTransport

from bench import frames
from bench.client import Lost, Peer
from bench.seed import Person
from bench.siege.attack import Attack, Target

DESCRIPTION_BYTES = 199_000
DESCRIPTIONS_PER_SECOND = 19.0
"""The rate makes thirty megabits a second."""
JOINS, JOINS_PER_SECOND, STAY_SECONDS = 300, 50.0, 30.0
SOCKETS, SOCKETS_PER_SECOND = 300, 100.0
MOVES_PER_SECOND = 300.0


class Intruder(Peer):
    """A peer that continues after refusals and counts their codes."""

    def __init__(self, person: Person, target: Target, room: str | None = None) -> None:
        super().__init__(person, room)
        self.others: list[str] = []
        self._target = target

    def receive(self, transport: WSTransport, message: bytes) -> None:
        """Count acknowledgements after the first, since no caller awaits them."""
        if message.startswith(b"43") and self.settled.done():
            self._count(frames.arguments(message)[0])
        else:
            super().receive(transport, message)

    def on_event(self, message: bytes) -> None:
        if message.startswith(frames.ADD_PEER):
            self.others.append(frames.arguments(message)[1]["peerID"])
        elif message.startswith(frames.REFUSED):
            self._count(frames.arguments(message)[1])

    def _count(self, answer: dict[str, object]) -> None:
        self._target.met["ok" if answer.get("ok") else f"refused: {answer.get('code')}"] += 1


async def _comes(intruder: Intruder, target: Target) -> bool:
    """Connect, and return True if the server let the intruder in."""
    try:
        await intruder.connect(target.order.port, source=target.source)
    except Lost as lost:
        text = str(lost)
        code = json.loads(text[text.index("[") :])[0].get("code") if "[" in text else text[:40]
        target.met[f"refused: {code}"] += 1
        intruder.close()
        return False
    target.met["ok"] += 1
    return True


async def long_descriptions(target: Target) -> None:
    """Send session descriptions of the largest accepted size to a member of the call."""
    intruder = Intruder(target.order.call_intruder, target, target.order.call)
    if not await _comes(intruder, target):
        return
    try:
        async for _ in target.paced(1):
            if intruder.others:
                break
        description = frames.description(intruder.others[0])
        padding = b"a" * (DESCRIPTION_BYTES - len(description))
        description = description.replace(b'"sdp":"', b'"sdp":"' + padding)
        async for _ in target.paced(DESCRIPTIONS_PER_SECOND):
            if intruder.transport is None:
                target.met["hung up"] += 1
                return
            intruder.send(description)
            target.met["sent"] += 1
    finally:
        intruder.close()


async def many_joins(target: Target) -> None:
    """Join the browsers' call: each browser would build a peer connection and a tile for each intruder."""
    while target.left() > 0:
        came: list[Intruder] = []

        async def one(came: list[Intruder] = came) -> None:
            intruder = Intruder(target.order.browsers_intruder, target, target.order.browsers_call)
            if await _comes(intruder, target):
                came.append(intruder)

        async for number in target.paced(JOINS_PER_SECOND):
            if number >= JOINS:
                break
            target.start(one())
        await asyncio.sleep(min(STAY_SECONDS, max(0.0, target.left())))
        for intruder in came:
            intruder.close()


async def restless_sockets(target: Target) -> None:
    """Let 300 connections of a single account join and leave a room."""
    sockets: list[Intruder] = []

    async def one() -> None:
        intruder = Intruder(target.order.other_intruder, target)
        if await _comes(intruder, target):
            sockets.append(intruder)

    async for number in target.paced(SOCKETS_PER_SECOND):
        if number >= SOCKETS:
            break
        target.start(one())
    async for number in target.paced(MOVES_PER_SECOND):
        living = [one for one in sockets if one.transport is not None]
        if not living:
            await asyncio.sleep(1)
            continue
        turn, place = divmod(number, len(living))
        living[place].send(frames.LEAVE if turn % 2 else frames.join(target.order.other_room))
    for intruder in sockets:
        intruder.close()


ROOM_ATTACKS: dict[str, tuple[Attack, ...]] = {
    "one person against a room": (long_descriptions, many_joins, restless_sockets),
}
