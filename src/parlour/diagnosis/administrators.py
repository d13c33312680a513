"""The policy of who administers the server, from its setting. Pure."""

from dataclasses import dataclass, field

from parlour.accounts.identity import ClientIdentity, Identity
from parlour.diagnosis.refusals import NotAnAdministrator
from parlour.wire.addresses import email_key


@dataclass(frozen=True, slots=True)
class Administrators:
    """Client accounts by the addresses that they have confirmed; `listed` holds their keys (`email_key`)."""

    listed: frozenset[str] = field(default=frozenset())

    def include(self, identity: Identity) -> bool:
        return isinstance(identity, ClientIdentity) and email_key(identity.email) in self.listed

    def require(self, identity: Identity) -> None:
        """Raise NotAnAdministrator for anyone else."""
        if not self.include(identity):
            raise NotAnAdministrator
