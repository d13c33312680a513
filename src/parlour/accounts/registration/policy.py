"""Who may register. Pure: an address and whether it is invited in, a decision out."""

from dataclasses import dataclass
from typing import Literal

from parlour.accounts.refusals import EmailDomainNotAllowed, InvitationRequired, RegistrationClosed
from parlour.errors import Refusal
from parlour.wire.addresses import email_domain

RegistrationMode = Literal["open", "invitation", "domains", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationPolicy:
    """`domains` are A-labels, and none but in the mode of that name."""

    mode: RegistrationMode = "open"
    domains: tuple[str, ...] = ()

    @classmethod
    def parsed(cls, words: tuple[str, ...]) -> "RegistrationPolicy":
        """From the setting: one of the other modes' names, or domains."""
        match words:
            case ("open",) | ("invitation",) | ("closed",):
                mode: RegistrationMode = words[0]  # type: ignore[assignment]
                return cls(mode=mode)
            case _:
                return cls(mode="domains", domains=words)

    @property
    def refusals(self) -> tuple[type[Refusal], ...]:
        """All that may be refused by it, for the API's description."""
        return () if self.mode == "open" else (RegistrationClosed, InvitationRequired, EmailDomainNotAllowed)

    def refusal_of_client(self, email: str, *, is_invited: bool) -> type[Refusal] | None:
        """Why no account is made for this address; None where it is."""
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
        """Who has an account may change to any address, but one of another domain where domains decide."""
        if self.mode != "domains" or email_domain(email) in self.domains:
            return None
        return EmailDomainNotAllowed

    def refusal_of_guest(self, email: str, *, is_invited: bool) -> type[Refusal] | None:
        """As for a client, but whoever is invited to a room comes as a guest in every mode: that is what
        invitations to strangers are for.
        """
        if is_invited or self.refusal_of_client(email, is_invited=False) is None:
            return None
        return InvitationRequired
