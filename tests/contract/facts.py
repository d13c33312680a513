"""The suite of facts and logins, which each form of a cluster keeps (`calls.cluster.node`, `shared_facts`).

A subclass runs the suite with its own `cluster`.
"""

import asyncio
import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

import pytest

from parlour.accounts.facts import GuestTimeEnded, LoginSucceeded, SessionsEnded
from parlour.accounts.identity import ClientIdentity, SessionId, UserId
from parlour.accounts.refusals import LoggedOut
from parlour.bus import Bus
from parlour.calls.cluster.connection_quotas import ConnectionLimits, ConnectionQuotas
from parlour.calls.cluster.local import LocalNode
from parlour.calls.cluster.node import Node
from parlour.calls.cluster.pending_connections import PendingConnections
from parlour.calls.presence import ConnectionId
from parlour.calls.rate_limiter import EventRates
from parlour.chat.entities import Message
from parlour.chat.facts import MessageStored
from parlour.cluster.coordinator import Coordinator
from parlour.cluster.messages import ClusterMessages
from parlour.node_id import new_node_id
from parlour.rooms.access import PasswordAccess
from parlour.rooms.entities import Room, RoomId
from parlour.shared_facts.exchange import FactExchange
from parlour.wire.signaling import AnyServerEvent, FromPeer

ANN = UserId(1)
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
AT = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = ConnectionLimits(per_address=3, per_person=2)
RATES = EventRates(relays=10, entries=10, chats=10, others=10)
BOUND_SECONDS = 60
LOGGED_OUT = LoggedOut()
ROOM = Room(
    room_id=RoomId(1),
    name="Garden",
    description="",
    creator_id=ANN,
    creator_name="ann",
    created_at=AT,
    access=PasswordAccess(""),
)


def message(number: int) -> Message:
    return Message(
        position=number,
        message_id=str(number),
        author_id=ANN,
        author_name="ann",
        author_email="ann@example.org",
        text=f"line {number}",
        sent_at=AT,
    )


def login(address: str) -> LoginSucceeded:
    identity = ClientIdentity(user_id=ANN, email="ann@example.org", username="ann")
    return LoginSucceeded(address=address, identity=identity)


class NoConnections:
    """A node that nobody is connected to."""

    def deliver(self, to: ConnectionId, message: AnyServerEvent, /) -> None: ...

    def deliver_within(self, to: ConnectionId, message: FromPeer, most: int, /) -> bool:
        return True

    def backlog(self, connection_id: ConnectionId, /) -> int:
        return 0

    def hang_up(self, connection_id: ConnectionId, /) -> None: ...


def node_on(bus: Bus) -> LocalNode:
    return LocalNode(
        new_node_id(),
        bus=bus,
        connections=NoConnections(),
        pending_connections=PendingConnections(),
        quotas=ConnectionQuotas(LIMITS, RATES, clock=time.monotonic),
    )


@dataclass
class FactCluster:
    """`node` hears what is published on another node by `publish`; on itself, where there is one alone."""

    node: Node
    publish: Callable[[object], None]

    def __post_init__(self) -> None:
        self._heard = asyncio.Queue[UserId]()
        self._numbers = count(1_000_000)
        self.node.subscribe(GuestTimeEnded, lambda fact: self._heard.put_nowait(fact.user_id))

    async def settle(self) -> None:
        """Wait until the node has heard all that was published: one more fact comes after it."""
        number = UserId(next(self._numbers))
        self.publish(GuestTimeEnded(user_id=number))
        async with asyncio.timeout(BOUND_SECONDS):
            while await self._heard.get() != number:
                pass


@dataclass
class SharingNode:
    """A node whose facts go to the others of its cluster."""

    coordinator: Coordinator

    def __post_init__(self) -> None:
        self.bus = Bus()
        self.messages = ClusterMessages(self.coordinator)
        self.exchange = FactExchange(self.bus, self.messages)
        self.node = node_on(self.bus)


async def met(here: SharingNode, there: SharingNode) -> FactCluster:
    """Return the cluster of two nodes that run, once they know each other in both directions."""
    cluster = FactCluster(here.node, there.bus.publish)
    async with asyncio.timeout(BOUND_SECONDS):
        while not (here.messages.others and there.messages.others):  # noqa: ASYNC110 - no event of both
            await asyncio.sleep(0.01)
    return cluster


class FactsContract:
    """The suite."""

    @pytest.fixture
    @abstractmethod
    def cluster(self) -> FactCluster: ...

    # Ended sessions, order of chat

    async def test_a_session_that_ends_anywhere_ends_everywhere_and_once(self, cluster: FactCluster) -> None:
        heard: list[tuple[str, SessionsEnded]] = []
        cluster.node.subscribe(SessionsEnded, lambda fact: heard.append(("first", fact)))
        cluster.node.subscribe(SessionsEnded, lambda fact: heard.append(("second", fact)))
        sessions = frozenset({SessionId("a"), SessionId("b")})
        cluster.publish(SessionsEnded(user_id=ANN, sessions=sessions, reason=LOGGED_OUT))
        await cluster.settle()
        assert [(name, fact.user_id, fact.sessions) for name, fact in heard] == [
            ("first", ANN, sessions),
            ("second", ANN, sessions),
        ]
        assert {fact.reason.code for _, fact in heard} == {LOGGED_OUT.code}

    async def test_messages_of_a_room_are_heard_in_the_order_of_its_history(
        self, cluster: FactCluster
    ) -> None:
        heard: list[MessageStored] = []
        cluster.node.subscribe(MessageStored, heard.append)
        stored = [MessageStored(room=ROOM, message=message(number), sent_by=None) for number in range(50)]
        for fact in stored:
            cluster.publish(fact)
        await cluster.settle()
        assert heard == stored

    async def test_a_subscriber_that_fails_keeps_no_other_from_hearing(self, cluster: FactCluster) -> None:
        heard: list[MessageStored] = []

        def fail(_fact: MessageStored) -> None:
            raise RuntimeError("it was too loud")

        cluster.node.subscribe(MessageStored, fail)
        cluster.node.subscribe(MessageStored, heard.append)
        stored = MessageStored(room=ROOM, message=message(1), sent_by=None)
        cluster.publish(stored)
        await cluster.settle()
        assert heard == [stored]

    # A login wakes who waits

    async def test_a_login_wakes_those_who_wait_at_its_address_alone(self, cluster: FactCluster) -> None:
        node = cluster.node
        here = [asyncio.create_task(node.wait_for_login(HERE, since=time.monotonic())) for _ in range(3)]
        elsewhere = asyncio.create_task(node.wait_for_login(ELSEWHERE, since=time.monotonic()))
        await asyncio.sleep(0)
        cluster.publish(login(HERE))
        async with asyncio.timeout(BOUND_SECONDS):
            await asyncio.gather(*here)
        assert not elsewhere.done()
        cluster.publish(login(ELSEWHERE))
        async with asyncio.timeout(BOUND_SECONDS):
            await elsewhere

    async def test_a_transport_from_before_the_login_cannot_have_its_cookie(
        self, cluster: FactCluster
    ) -> None:
        opened = time.monotonic()
        cluster.publish(login(HERE))
        await cluster.settle()
        async with asyncio.timeout(BOUND_SECONDS):
            await cluster.node.wait_for_login(HERE, since=opened)

    async def test_whoever_stops_waiting_leaves_nothing_behind(self, cluster: FactCluster) -> None:
        waiting = asyncio.create_task(cluster.node.wait_for_login(HERE, since=time.monotonic()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        cluster.publish(login(HERE))
        await cluster.settle()
