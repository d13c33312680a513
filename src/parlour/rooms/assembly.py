"""Puts the domain of rooms together: services and routes."""

from dataclasses import dataclass

from fastapi import APIRouter

from parlour.accounts.assembly import AccountsFeature
from parlour.accounts.facts import GuestTimeEnded, SessionsEnded
from parlour.accounts.passwords.checks import PasswordChecks
from parlour.bus import Bus, FactsMissed
from parlour.core import Core
from parlour.rooms.administration import RoomAdministration
from parlour.rooms.creation_policy import CreationPolicy
from parlour.rooms.event_mails import EventMails
from parlour.rooms.facts import (
    InvitationTakenBack,
    PersonBanned,
    RightsTakenElsewhere,
    RoomBecameEvent,
    RoomChanged,
    RoomRemoved,
)
from parlour.rooms.http import room_routes
from parlour.rooms.invitation_links import InvitationLinks
from parlour.rooms.invitations_http import invitation_routes
from parlour.rooms.management import RoomManagement
from parlour.rooms.management_http import management_routes
from parlour.rooms.media_rule import MediaRule
from parlour.rooms.service import RoomService


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOptions:
    """`lists_to_strangers`: who is not logged in sees the rooms that are listed."""

    creation: CreationPolicy
    lists_to_strangers: bool
    media: MediaRule


class RoomsFeature:
    """Builds the services of rooms and their routes."""

    def __init__(self, core: Core, accounts: AccountsFeature, options: RoomOptions) -> None:
        self._accounts = accounts
        self._lists_to_strangers = options.lists_to_strangers
        self.media = options.media
        checks = PasswordChecks(accounts.passwords, core.limits.password_throttle("room"))
        self.service = RoomService(core, checks, accounts.sessions, accounts.links, options.creation)
        event_mails = EventMails(core, accounts.links)
        self.management = RoomManagement(
            database=core.database,
            passwords=accounts.passwords,
            event_mails=event_mails,
            clock=core.clock,
        )
        self._subscribe(core.bus)
        self.administration = RoomAdministration(
            database=core.database, passwords=accounts.passwords, event_mails=event_mails, clock=core.clock
        )
        self._invitation_links = InvitationLinks(
            database=core.database,
            links=accounts.links,
            confirmation=accounts.confirmation,
            looks=core.limits.link_lookups,
        )

    def _subscribe(self, bus: Bus) -> None:
        """Forget rights that end: an account that changes its address loses its invitations, for example."""
        forget = self.service.forget_rights
        for rights_end in (
            FactsMissed,
            InvitationTakenBack,
            PersonBanned,
            RightsTakenElsewhere,
            RoomBecameEvent,
            RoomChanged,
            RoomRemoved,
        ):
            bus.subscribe(rights_end, lambda _fact: forget())
        bus.subscribe(SessionsEnded, lambda ended: forget(ended.user_id))
        bus.subscribe(GuestTimeEnded, lambda ended: forget(ended.user_id))

    def routers(self) -> list[APIRouter]:
        return [
            invitation_routes(links=self._invitation_links, login_responder=self._accounts.login_responder),
            room_routes(
                rooms=self.service,
                identification=self._accounts.identification,
                lists_to_strangers=self._lists_to_strangers,
                media=self.media,
            ),
            management_routes(
                management=self.management,
                identification=self._accounts.identification,
                media=self.media,
            ),
        ]

    async def close(self) -> None:
        """Nothing is held open."""
