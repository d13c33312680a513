"""Decides how a person gets into a room. Pure: a room, facts and a person in, an entrance out."""

from dataclasses import dataclass
from typing import Literal

from parlour.accounts.identity import Identity
from parlour.errors import Refusal
from parlour.rooms import policy
from parlour.rooms.entities import Room
from parlour.rooms.policy import Action, MembershipFacts, Role
from parlour.rooms.refusals import NotAdmitted

NextStep = Literal["enter", "password"] | type[Refusal]
"""A refusal's type means that neither a password nor another try gets this person in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """`room` is None where the person may not see it."""

    room: Room | None
    roles: frozenset[Role]
    next_step: NextStep


def entrance(room: Room, facts: MembershipFacts, identity: Identity) -> Entrance:
    """Apply the policy to SEE and ENTER at once, so that both answers are about the same moment."""
    roles = policy.roles_of(identity, facts)
    hidden = policy.refusal(Action.SEE, roles, room.kind)
    return Entrance(
        room=room if hidden is None else None,
        roles=roles,
        next_step=_next_step(policy.refusal(Action.ENTER, roles, room.kind)),
    )


def _next_step(refused: type[Refusal] | None) -> NextStep:
    if refused is None:
        return "enter"
    return "password" if refused is NotAdmitted else refused
