"""Whose visit may go on, on which server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from parlour.accounts.identity import Client, UserId
from parlour.accounts.tokens import TokenSigner
from parlour.calls.resume_tokens import LIFETIME, RETURN_WITHIN, Pass, Passes
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import PeerId

SIGNER = TokenSigner("a secret of at least thirty-two characters")
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
ANN = Client(user_id=UserId(1), email="ann@example.org", username="ann")
ROOM = Room(
    room_id=RoomId(1),
    name="garden",
    description="",
    password_hash="",
    creator_id=None,
    creator_name="ann",
    created_at=START,
    event_id=None,
)


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


def test_a_token_is_one_persons_for_one_room_and_some_hours() -> None:
    clock = Clock()
    passes = Passes(SIGNER, clock=clock)
    visit = Pass(PeerId("peer"), START + timedelta(milliseconds=125))
    token = passes.sign(ANN, ROOM, visit)
    assert passes.read(token, ANN, ROOM) == visit
    assert Passes(SIGNER, clock=clock).read(token, ANN, ROOM) == visit, "any server with the secret"
    assert passes.read(None, ANN, ROOM) is None
    assert passes.read(token[:-4], ANN, ROOM) is None
    assert passes.read(token, replace(ANN, user_id=UserId(2)), ROOM) is None
    assert passes.read(token, ANN, replace(ROOM, room_id=RoomId(2))) is None
    clock.now += LIFETIME
    assert passes.read(token, ANN, ROOM) is None


def test_only_what_a_server_did_not_see_may_return_to_it_and_soon() -> None:
    clock = Clock()
    passes = Passes(SIGNER, clock=clock)
    before = Pass(PeerId("before"), START - timedelta(seconds=1))
    assert passes.may_return(before)
    assert not passes.may_return(Pass(PeerId("own"), START)), "this server has seen its end"
    passes.ended(before)
    assert not passes.may_return(before)
    other = replace(before, peer_id=PeerId("other"))
    clock.now += RETURN_WITHIN
    assert passes.may_return(other)
    clock.now += timedelta(seconds=1)
    assert not passes.may_return(other)
