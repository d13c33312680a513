"""The policy of registration. Pure: decides by an address and by its invitations."""

from dataclasses import dataclass
from typing import Literal

from parlour.accounts.refusals import EmailDomainNotAllowed, InvitationRequired, RegistrationClosed
from parlour.errors import Refusal
from parlour.wire.addresses import email_domain

RegistrationMode = Literal["open", "invitation", "domains", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationPolicy:
    """Decides which addresses may register; `domains` (A-labels) is empty except in the mode `domains`."""

    mode: RegistrationMode = "open"
    domains: tuple[str, ...] = ()

    @classmethod
    def parsed(cls, words: tuple[str, ...]) -> "RegistrationPolicy":
        """Parse the setting: the name of a mode, or a list of domains."""
        match words:
            case ("open",) | ("invitation",) | ("closed",):
                mode: RegistrationMode = words[0]  # type: ignore[assignment]
                return cls(mode=mode)
            case _:
                return cls(mode="domains", domains=words)

    @property
    def refusals(self) -> tuple[type[Refusal], ...]:
        """Return all refusals that the policy may give, for the API's description."""
        return () if self.mode == "open" else (RegistrationClosed, InvitationRequired, EmailDomainNotAllowed)

    def refusal_of_client(self, email: str, *, is_invited: bool) -> type[Refusal] | None:
        """Return the refusal of a client account for this address; None if it is allowed."""
        match self.mode:
            case "open":
                return None
            case "invitation":
                return None if is_invited else InvitationRequired
            case "domains":
                return None if email_domain(email) in self.domains else EmailDomainNotAllowed
            case "closed":
                return RegistrationClosed

    def refusal_of_new_email(self, email: str) -> type[Refusal] | None:
        """Return the refusal of a change to this address: only the mode `domains` restricts it."""
        if self.mode != "domains" or email_domain(email) in self.domains:
            return None
        return EmailDomainNotAllowed

    def refusal_of_guest(self, email: str, *, is_invited: bool) -> type[Refusal] | None:
        """Return the refusal of a guest; an address invited to a room is allowed in every mode."""
        if is_invited or self.refusal_of_client(email, is_invited=False) is None:
            return None
        return InvitationRequired
