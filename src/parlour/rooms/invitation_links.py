"""The way into a room by an invitation's link, whose token the invited mailbox alone has got."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from parlour.accounts.identity import RequestSource
from parlour.accounts.links.service import MailLinks
from parlour.accounts.refusals import InvalidVerification
from parlour.accounts.registration.confirmation import Confirmation
from parlour.accounts.sessions.service import LoggedIn
from parlour.accounts.tokens import InvitationToken
from parlour.db.database import Database
from parlour.limits.quotas import Quota, rate_limit_prefix
from parlour.rooms import store
from parlour.rooms.entities import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationFacts:
    """`has_account` says that the address is a client's, who logs in."""

    room: Room
    email: str
    has_account: bool


class InvitationLinks:
    """Reads the link of an invitation and lets its address in; look-ups are rate-limited by network."""

    def __init__(
        self, *, database: Database, links: MailLinks, confirmation: Confirmation, looks: Quota
    ) -> None:
        self._database = database
        self._links = links
        self._confirmation = confirmation
        self._looks = looks

    async def look(self, token: str, *, source: RequestSource) -> InvitationFacts:
        """Raises InvalidVerification where the token or the invitation is no good (any more), RateLimited."""
        await self._looks.take(rate_limit_prefix(source.address))
        claim = self._links.read_invitation(token)
        async with self._database.reading() as connection:
            room = await store.room_of_invitation(connection, claim.room_id, claim.email)
        if room is None:
            raise InvalidVerification
        has_account = await self._confirmation.is_client(claim.email)
        return InvitationFacts(room=room, email=claim.email, has_account=has_account)

    async def accept(self, token: str, *, display_name: str | None, source: RequestSource) -> LoggedIn:
        """The invited address becomes a guest at once: the link has proven its mailbox, as any mail's does.

        Where the guest of that address is here already, this is another session of theirs, within the same
        time. Raises InvalidVerification, EmailTaken for a client's address, or RateLimited.
        """
        await self._looks.take(rate_limit_prefix(source.address))
        claim = self._links.read_invitation(token)
        try:
            return await self._admit(claim, display_name, source)
        except IntegrityError:  # the link was opened twice at once, and the guest is there now
            return await self._admit(claim, display_name, source)

    async def _admit(
        self, claim: InvitationToken, display_name: str | None, source: RequestSource
    ) -> LoggedIn:
        async with self._database.transaction() as connection:
            if await store.room_of_invitation(connection, claim.room_id, claim.email) is None:
                raise InvalidVerification
            return await self._confirmation.admit_guest(
                connection, email=claim.email, display_name=display_name, source=source
            )
