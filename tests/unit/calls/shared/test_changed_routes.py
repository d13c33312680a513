"""What waits for a peer that has moved: its bounds, and until when."""

import pytest

from parlour.calls.shared import changed_routes
from parlour.calls.shared.changed_routes import CHANGED_SECONDS, HELD_SECONDS, ChangedRoutes
from parlour.node_id import NodeId
from parlour.rooms.entities import RoomId
from parlour.wire.sdp import IceCandidate
from parlour.wire.signaling import CandidateFromPeer, PeerId

ROOM, ANN, BOB = RoomId(1), PeerId("ann"), PeerId("bob")
FORMER, LATER = NodeId("one"), NodeId("two")
MESSAGE = CandidateFromPeer(ANN, IceCandidate(candidate="1"))


def changed(*peers: PeerId) -> ChangedRoutes:
    routes = ChangedRoutes()
    for peer in peers:
        routes.change(ROOM, peer, FORMER, now=0.0)
    return routes


def test_only_so_much_waits_for_one_receiver_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed_routes, "MAX_MESSAGES", 2)
    monkeypatch.setattr(changed_routes, "MAX_BYTES", 100)
    monkeypatch.setattr(changed_routes, "MAX_BYTES_OF_ALL", 150)
    routes = changed(ANN, BOB)
    to_ann, to_bob = routes.routes[ANN], routes.routes[BOB]
    assert routes.hold(to_ann, MESSAGE, 60, now=0.0)
    assert not routes.hold(to_ann, MESSAGE, 41, now=0.0), "too many bytes"
    assert routes.hold(to_ann, MESSAGE, 40, now=0.0)
    assert not routes.hold(to_ann, MESSAGE, 0, now=0.0), "too many messages"
    assert not routes.hold(to_bob, MESSAGE, 51, now=0.0), "too many bytes of all"
    routes.drop(ANN)
    assert routes.hold(to_bob, MESSAGE, 51, now=0.0)


def test_only_so_many_routes_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed_routes, "MAX_ROUTES", 1)
    assert list(changed(ANN, BOB, ANN).routes) == [ANN]


def test_nothing_waits_for_long() -> None:
    routes = changed(ANN)
    routes.change(ROOM, BOB, FORMER, now=3.0)
    routes.ask(routes.routes[ANN])
    routes.hold(routes.routes[ANN], MESSAGE, 1, now=1.0)
    assert routes.take_late(1.0) == []
    (late,) = routes.take_late(1.0 + HELD_SECONDS)
    assert (late.to, list(late.held)) == (ANN, [(MESSAGE, 1)])
    assert list(routes.routes) == [BOB], "it may still be that something is under way"
    assert routes.take_late(3.0 + CHANGED_SECONDS) == []
    assert not routes.routes


def test_what_waits_when_the_peer_moves_again_waits_on() -> None:
    routes = changed(BOB)
    routes.ask(routes.routes[BOB])
    number = routes.routes[BOB].number or 0
    routes.hold(routes.routes[BOB], MESSAGE, 1, now=0.0)
    routes.change(ROOM, BOB, LATER, now=1.0)
    assert routes.clear(BOB, number) is None, "that was the former route"
    routes.ask(routes.routes[BOB])
    route = routes.clear(BOB, number + 1)
    assert route is not None
    assert (route.former, list(route.held)) == (LATER, [(MESSAGE, 1)])


def test_what_waits_of_one_sender_is_taken() -> None:
    routes = changed(BOB)
    of_cid = CandidateFromPeer(PeerId("cid"), IceCandidate(candidate="2"))
    for message in (MESSAGE, of_cid):
        routes.hold(routes.routes[BOB], message, 1, now=0.0)
    ((route, waiting),) = routes.take_of(ANN)
    assert waiting == [(MESSAGE, 1)]
    assert list(route.held) == [(of_cid, 1)]
    assert routes.take_of(ANN) == []
