"""Whose visit may go on, on which server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from parlour.accounts.identity import ClientIdentity, UserId
from parlour.accounts.tokens import TokenSigner
from parlour.calls.resume_tokens import LIFETIME, RETURN_WITHIN, ResumeToken, ResumeTokens
from parlour.rooms.access import PasswordAccess
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import PeerId

SIGNER = TokenSigner("a secret of at least thirty-two characters")
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
ANN = ClientIdentity(user_id=UserId(1), email="ann@example.org", username="ann")
ROOM = Room(
    room_id=RoomId(1),
    name="garden",
    description="",
    creator_id=None,
    creator_name="ann",
    created_at=START,
    access=PasswordAccess(""),
)


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


def test_a_token_is_one_persons_for_one_room_and_some_hours() -> None:
    clock = Clock()
    resume_tokens = ResumeTokens(SIGNER, clock=clock, grace=30)
    participation = ResumeToken(PeerId("peer"), START + timedelta(milliseconds=125))
    token = resume_tokens.sign(ANN, ROOM, participation)
    signed = replace(participation, issued_at=clock.now)
    assert resume_tokens.read(token, ANN, ROOM) == signed
    assert ResumeTokens(SIGNER, clock=clock, grace=30).read(token, ANN, ROOM) == signed, (
        "any server with the secret"
    )
    assert resume_tokens.read(None, ANN, ROOM) is None
    assert resume_tokens.read(token[:-4], ANN, ROOM) is None
    assert resume_tokens.read(token, replace(ANN, user_id=UserId(2)), ROOM) is None
    assert resume_tokens.read(token, ANN, replace(ROOM, room_id=RoomId(2))) is None
    clock.now += LIFETIME
    assert resume_tokens.read(token, ANN, ROOM) is None


def test_only_what_a_server_did_not_see_may_return_to_it_and_soon() -> None:
    clock = Clock()
    resume_tokens = ResumeTokens(SIGNER, clock=clock, grace=30)
    before = ResumeToken(PeerId("before"), START - timedelta(seconds=1))
    assert resume_tokens.may_return(before)
    assert not resume_tokens.may_return(ResumeToken(PeerId("own"), START)), "this server has seen its end"
    other = replace(before, peer_id=PeerId("other"))
    clock.now += RETURN_WITHIN
    assert resume_tokens.may_return(other)
    clock.now += timedelta(seconds=1)
    assert not resume_tokens.may_return(other)
