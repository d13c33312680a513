"""Mails that tell invitees of a change: their event takes place at another time, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import msgspec
import structlog

from parlour.accounts.identity import Identity, RequestSource
from parlour.accounts.links.service import MailLinks
from parlour.core import Core
from parlour.db.database import Transaction
from parlour.errors import RateLimited
from parlour.languages import known_language
from parlour.mail.contents import EventCancelled, EventMoved, Mail
from parlour.rooms import store
from parlour.rooms.entities import Room, room_path
from parlour.rooms.schedule import Schedule, is_news

MOST_TOLD = 1_000
"""Invitees that are told of a change, in the order of their invitations: one transaction queues all mails."""
MAILS_A_TURN = 4
"""Mails that are written in one turn of the event loop."""

log = structlog.get_logger("parlour.rooms")


class AudienceOutdated(Exception):
    """The event has another time than when its invitees were counted, and they are to hear of the change."""


@dataclass(frozen=True, slots=True)
class Audience:
    """The invitees that may hear of a change, as they were counted before it, and who invited them.

    `inviter_name` is the display name, empty without one; `but` is the address of the person who makes the
    change, and is told nothing. `language` is that of invitees whose accounts say none. `counted` is None
    where the change was no news to anybody; `mailed` are those of them who may get a mail.
    """

    inviter: str
    inviter_name: str
    but: str = ""
    language: str | None = None
    counted: frozenset[str] | None = None
    mailed: frozenset[str] = frozenset()

    @classmethod
    def of_creator(cls, creator: Identity, source: RequestSource) -> Self:
        return cls(creator.name, creator.display_name or "", but=creator.email, language=source.language)

    @classmethod
    def of_administrator(cls, room: Room) -> Self:
        """All invitees hear of a change that the server's administrator makes: no quota counts them."""
        return cls(room.creator_name, room.creator_display_name or "", counted=frozenset())


class EventMails:
    """Queues mails in the transaction of a change, for an audience that is counted before it."""

    def __init__(self, core: Core, links: MailLinks) -> None:
        self._database = core.database
        self._clock = core.clock
        self._outbox = core.outbox
        self._quota = core.limits.mails
        self._links = links

    async def audience(
        self, creator: Identity, room: Room, after: Schedule | None, source: RequestSource
    ) -> Audience:
        """Say who may be mailed when an event is to take place at `after`; None says that it does not.

        Counting may take a while (Redis), and SQLite has one writer: call it outside of the transaction.
        Where the address has no mails left, the change is made all the same, and nobody is told.
        """
        audience = Audience.of_creator(creator, source)
        if not is_news(room.schedule, after, self._clock()):
            return audience
        async with self._database.reading() as connection:
            invitees = await store.invitees(connection, room.room_id, but=creator.email, at_most=MOST_TOLD)
        if not invitees:
            return replace(audience, counted=frozenset())
        try:
            mailed = await self._quota.take_many(list(invitees), address=source.address)
        except RateLimited:
            log.warning("event.untold", room=room.room_id, invitees=len(invitees))
            mailed = []
        return replace(audience, counted=frozenset(invitees), mailed=frozenset(mailed))

    async def told(
        self, transaction: Transaction, room: Room, after: Schedule | None, audience: Audience
    ) -> Mapping[str, str | None]:
        """Return who hears of the change of `room`, as it was before, each with the language of an account.

        Who was invited after the audience was counted hears too: that invitation says the time before, and
        was counted itself. Who is invited no more does not. Raises AudienceOutdated.
        """
        if not is_news(room.schedule, after, self._clock()):
            return {}
        if audience.counted is None:
            raise AudienceOutdated
        invitees = await store.invitees(transaction, room.room_id, but=audience.but, at_most=MOST_TOLD)
        return {
            email: language
            for email, language in invitees.items()
            if email in audience.mailed or email not in audience.counted
        }

    async def moved(
        self,
        transaction: Transaction,
        room: Room,
        audience: Audience,
        told: Mapping[str, str | None],
        *,
        sequence: int,
    ) -> None:
        """Tell when the event takes place now, after `sequence` changes. `room` is the event as it is now."""
        content = EventMoved(
            inviter=audience.inviter,
            inviter_name=audience.inviter_name,
            room=room.name,
            path=room_path(room.name),
            sequence=sequence,
            link=self._links.to_invitation(room_id=room.room_id, email=""),
            starts_at=room.starts_at,
            duration_minutes=room.duration_minutes,
            room_created_at=room.created_at,
        )
        await self._put(transaction, audience, told, content)

    async def cancelled(
        self, transaction: Transaction, room: Room, audience: Audience, told: Mapping[str, str | None]
    ) -> None:
        """Tell that the event does not take place. `room` is the event as it was."""
        if room.schedule is None:
            return
        content = EventCancelled(
            inviter=audience.inviter,
            inviter_name=audience.inviter_name,
            room=room.name,
            path=room_path(room.name),
            sequence=room.sequence + 1,
            room_id=room.room_id,
            starts_at=room.schedule.starts_at,
            duration_minutes=room.duration_minutes,
            room_created_at=room.created_at,
            cancelled_at=int(self._clock().timestamp()),
        )
        await self._put(transaction, audience, told, content)

    async def _put(
        self,
        transaction: Transaction,
        audience: Audience,
        told: Mapping[str, str | None],
        content: EventMoved | EventCancelled,
    ) -> None:
        """Queue the mail for each, in the language of their account, else in the audience's."""

        def mail(email: str, language: str | None) -> Mail:
            own = msgspec.structs.replace(content, language=known_language(language or audience.language))
            if isinstance(own, EventMoved):
                link = self._links.to_invitation(room_id=own.link.room_id, email=email)
                own = msgspec.structs.replace(own, link=link)
            return Mail(email, own)

        invitees = list(told.items())
        for start in range(0, len(invitees), MAILS_A_TURN):
            mails = [mail(*invitee) for invitee in invitees[start : start + MAILS_A_TURN]]
            await self._outbox.put(transaction, *mails)
