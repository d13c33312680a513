"""The policy of who may create rooms, from the server's setting. Pure."""

from dataclasses import dataclass, field
from typing import Literal

from parlour.accounts.identity import GuestIdentity, Identity
from parlour.errors import Refusal
from parlour.rooms.refusals import GuestsCreateNoRooms, RoomCreationNotAllowed
from parlour.wire.addresses import email_domain, email_key

CreationMode = Literal["clients", "listed", "nobody"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationPolicy:
    """`listed` holds keys of addresses and domains (see `email_key`), for the mode of that name alone."""

    mode: CreationMode = "clients"
    listed: frozenset[str] = field(default=frozenset())

    @classmethod
    def parsed(cls, words: tuple[str, ...]) -> "CreationPolicy":
        """Parse the setting: `clients`, `nobody`, or addresses and domains."""
        match words:
            case ("clients",):
                return cls(mode="clients")
            case ("nobody",):
                return cls(mode="nobody")
            case _:
                return cls(mode="listed", listed=frozenset(words))

    def refusal(self, identity: Identity) -> type[Refusal] | None:
        """Why this person creates no room; None where they may."""
        return (
            GuestsCreateNoRooms
            if isinstance(identity, GuestIdentity)
            else self.refusal_of_client(identity.email)
        )

    def refusal_of_client(self, email: str) -> type[Refusal] | None:
        match self.mode:
            case "clients":
                return None
            case "nobody":
                return RoomCreationNotAllowed
            case "listed":
                is_listed = email_key(email) in self.listed or email_domain(email) in self.listed
                return None if is_listed else RoomCreationNotAllowed
