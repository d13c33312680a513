"""What each implementation of the node seam keeps (`calls.cluster.node`). A new one joins IMPLEMENTATIONS.

A `Cluster` is what the suite needs of an implementation: nodes that belong together, the connections of each,
and a way to publish a fact on one of them.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from parlour.accounts.facts import LoginSucceeded, SessionsEnded
from parlour.accounts.identity import ClientIdentity, SessionId, UserId
from parlour.accounts.refusals import LoggedOut
from parlour.bus import Bus
from parlour.calls.cluster.connection_quotas import ConnectionLimits, ConnectionQuotas
from parlour.calls.cluster.local import LocalNode
from parlour.calls.cluster.node import Node
from parlour.calls.cluster.pending_connections import PendingConnections
from parlour.calls.presence import ConnectionId
from parlour.calls.rate_limiter import EventRates
from parlour.calls.refusals import TooManyConnections
from parlour.chat.entities import Message
from parlour.chat.facts import MessageStored
from parlour.errors import RateLimited
from parlour.node_id import new_node_id
from parlour.rooms.access import PasswordAccess
from parlour.rooms.entities import Room, RoomId
from parlour.wire.sdp import IceCandidate
from parlour.wire.signaling import AnyServerEvent, CandidateFromPeer, FromPeer, PeerId, RemovePeer, Restarting

ANN, BOB = UserId(1), UserId(2)
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
LIMITS = ConnectionLimits(per_address=3, per_person=2)
RATES = EventRates(relays=10, entries=10, chats=10, others=10)
AT = datetime(2026, 1, 1, tzinfo=UTC)


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


@dataclass
class Inboxes:
    """Connections of a node: what each was sent, until it is hung up."""

    sent: dict[ConnectionId, list[AnyServerEvent]] = field(default_factory=dict)
    hung_up: list[ConnectionId] = field(default_factory=list)

    def open(self, name: str) -> ConnectionId:
        connection_id = ConnectionId(name)
        self.sent[connection_id] = []
        return connection_id

    def deliver(self, to: ConnectionId, message: AnyServerEvent, /) -> None:
        if to in self.sent and to not in self.hung_up:
            self.sent[to].append(message)

    def deliver_within(self, to: ConnectionId, message: FromPeer, most: int, /) -> bool:
        if self.backlog(to) > most:
            return False
        self.deliver(to, message)
        return True

    def backlog(self, connection_id: ConnectionId, /) -> int:
        return len(self.sent.get(connection_id, ()))

    def hang_up(self, connection_id: ConnectionId, /) -> None:
        if connection_id in self.sent:
            self.hung_up.append(connection_id)


@dataclass
class Cluster:
    """`node` and `other` are two nodes where an implementation has several, else the same one."""

    node: Node
    other: Node
    inboxes: Inboxes
    """The connections of `other`."""
    publish: Callable[[object], None]
    """Publishes a fact on `other`."""


def local() -> Cluster:
    bus, inboxes = Bus(), Inboxes()
    node = LocalNode(
        new_node_id(),
        bus=bus,
        connections=inboxes,
        pending_connections=PendingConnections(),
        quotas=ConnectionQuotas(LIMITS, RATES, clock=time.monotonic),
    )
    return Cluster(node, node, inboxes, bus.publish)


IMPLEMENTATIONS = [local]


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda implementation: implementation.__name__)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    made: Cluster = request.param()
    return made


def gone(number: int) -> RemovePeer:
    return RemovePeer(PeerId(f"peer-{number}"), "ann")


# Who owns a call


async def test_each_call_has_one_owner_whoever_asks(cluster: Cluster) -> None:
    for room in map(RoomId, range(20)):
        owners = {await node.owner_of(room) for node in (cluster.node, cluster.other) for _ in range(2)}
        assert len(owners) == 1
        assert owners <= {cluster.node.node_id, cluster.other.node_id}


# Delivery


async def test_messages_arrive_in_the_order_of_their_delivery(cluster: Cluster) -> None:
    first, second = cluster.inboxes.open("first"), cluster.inboxes.open("second")
    messages = [gone(number) for number in range(50)]
    for message in messages:
        cluster.node.deliver(first, message)
        cluster.node.deliver(second, message)
    assert cluster.inboxes.sent == {first: messages, second: messages}


async def test_a_message_to_a_connection_that_is_gone_is_dropped(cluster: Cluster) -> None:
    there = cluster.inboxes.open("there")
    for nobody in (ConnectionId("never was"), ConnectionId("")):
        cluster.node.deliver(nobody, gone(1))
        cluster.node.hang_up(nobody)
        assert cluster.node.backlog(nobody) == 0
    cluster.node.deliver(there, gone(2))
    assert cluster.inboxes.sent == {there: [gone(2)]}


async def test_a_connection_is_closed_after_what_was_delivered_before(cluster: Cluster) -> None:
    connection = cluster.inboxes.open("connection")
    cluster.node.deliver(connection, gone(1))
    cluster.node.deliver(connection, Restarting())
    cluster.node.hang_up(connection)
    cluster.node.deliver(connection, gone(2))
    assert cluster.inboxes.sent[connection] == [gone(1), Restarting()]
    assert cluster.inboxes.hung_up == [connection]


async def test_what_waits_for_a_connection_is_counted(cluster: Cluster) -> None:
    connection = cluster.inboxes.open("connection")
    assert cluster.node.backlog(connection) == 0
    cluster.node.deliver(connection, gone(1))
    assert cluster.node.backlog(connection) > 0


async def test_a_message_of_a_peer_is_not_put_behind_too_much(cluster: Cluster) -> None:
    candidate = CandidateFromPeer(PeerId("ann"), IceCandidate(""))
    connection = cluster.inboxes.open("connection")
    assert cluster.node.deliver_within(connection, candidate, 0)
    assert not cluster.node.deliver_within(connection, candidate, 0)
    assert cluster.inboxes.sent[connection] == [candidate]
    assert cluster.node.deliver_within(ConnectionId("never was"), candidate, 0), "it is dropped"


# Facts: ended sessions, order of chat


async def test_a_session_that_ends_anywhere_ends_everywhere_and_once(cluster: Cluster) -> None:
    heard: list[tuple[str, SessionsEnded]] = []
    cluster.node.subscribe(SessionsEnded, lambda fact: heard.append(("first", fact)))
    cluster.node.subscribe(SessionsEnded, lambda fact: heard.append(("second", fact)))
    ended = SessionsEnded(
        user_id=ANN, sessions=frozenset({SessionId("a"), SessionId("b")}), reason=LOGGED_OUT
    )
    cluster.publish(ended)
    assert heard == [("first", ended), ("second", ended)]


async def test_messages_of_a_room_are_heard_in_the_order_of_its_history(cluster: Cluster) -> None:
    heard: list[MessageStored] = []
    cluster.node.subscribe(MessageStored, heard.append)
    stored = [MessageStored(room=ROOM, message=message(number), sent_by=None) for number in range(50)]
    for fact in stored:
        cluster.publish(fact)
    assert heard == stored


async def test_a_subscriber_that_fails_keeps_no_other_from_hearing(cluster: Cluster) -> None:
    heard: list[SessionsEnded] = []

    def fail(_fact: SessionsEnded) -> None:
        raise RuntimeError("it was too loud")

    cluster.node.subscribe(SessionsEnded, fail)
    cluster.node.subscribe(SessionsEnded, heard.append)
    ended = SessionsEnded(user_id=ANN, sessions=frozenset(), reason=LOGGED_OUT)
    cluster.publish(ended)
    assert heard == [ended]


# A login wakes who waits


async def test_a_login_wakes_those_who_wait_at_its_address_alone(cluster: Cluster) -> None:
    here = [asyncio.create_task(cluster.node.wait_for_login(HERE, since=time.monotonic())) for _ in range(3)]
    elsewhere = asyncio.create_task(cluster.node.wait_for_login(ELSEWHERE, since=time.monotonic()))
    await asyncio.sleep(0)
    cluster.publish(login(HERE))
    async with asyncio.timeout(60):
        await asyncio.gather(*here)
    assert not elsewhere.done()
    cluster.publish(login(ELSEWHERE))
    async with asyncio.timeout(60):
        await elsewhere


async def test_a_transport_from_before_the_login_cannot_have_its_cookie(cluster: Cluster) -> None:
    opened = time.monotonic()
    cluster.publish(login(HERE))
    async with asyncio.timeout(60):
        await cluster.node.wait_for_login(HERE, since=opened)


async def test_whoever_stops_waiting_leaves_nothing_behind(cluster: Cluster) -> None:
    waiting = asyncio.create_task(cluster.node.wait_for_login(HERE, since=time.monotonic()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    cluster.publish(login(HERE))


# Connections of an address and of a person


async def test_an_address_has_so_many_connections_over_all_nodes(cluster: Cluster) -> None:
    for number, node in zip(range(LIMITS.per_address), [cluster.node, cluster.other] * 2, strict=False):
        await node.admit(HERE, UserId(number))
    with pytest.raises(RateLimited):
        await cluster.node.admit(HERE, UserId(99))
    await cluster.node.admit(ELSEWHERE, UserId(99))
    cluster.node.dismiss(HERE, UserId(0))
    await cluster.other.admit(HERE, UserId(98))


async def test_a_person_has_so_many_connections_wherever_they_are(cluster: Cluster) -> None:
    await cluster.node.admit(HERE, ANN)
    await cluster.other.admit(ELSEWHERE, ANN)
    with pytest.raises(TooManyConnections):
        await cluster.node.admit("192.0.2.3", ANN)
    await cluster.node.admit("192.0.2.3", BOB)


async def test_whoever_is_admitted_at_once_counts_as_well(cluster: Cluster) -> None:
    """A node that has to ask another says so, and counts nothing."""
    for _ in range(LIMITS.per_person):
        if cluster.node.admit_now(HERE, ANN) is None:
            await cluster.node.admit(HERE, ANN)
    with pytest.raises(TooManyConnections):
        await cluster.other.admit(HERE, ANN)


async def test_a_node_owns_only_calls_that_are_its_own(cluster: Cluster) -> None:
    for number in range(20):
        owner = await cluster.node.owner_of(RoomId(number))
        for node in (cluster.node, cluster.other):
            assert not node.owns(RoomId(number)) or node.node_id == owner


async def test_a_refused_connection_is_not_counted(cluster: Cluster) -> None:
    for _ in range(LIMITS.per_person):
        await cluster.node.admit(HERE, ANN)
    for _ in range(10):
        with pytest.raises(TooManyConnections):
            await cluster.node.admit(HERE, ANN)
    await cluster.node.admit(HERE, BOB)


async def test_connections_of_a_person_share_a_rate_limiter_that_reconnecting_does_not_reset(
    cluster: Cluster,
) -> None:
    first = await cluster.node.admit(HERE, ANN)
    assert await cluster.node.admit(ELSEWHERE, ANN) is first
    cluster.node.dismiss(HERE, ANN)
    cluster.node.dismiss(ELSEWHERE, ANN)
    assert await cluster.node.admit(HERE, ANN) is first
    assert await cluster.node.admit(HERE, BOB) is not first
