"""Check periodically that the members of calls may still be there: other processes change the database
too.
"""

import asyncio

from parlour.accounts.identity import Identity
from parlour.bus import FactsMissed
from parlour.calls.degraded_authorization import DegradedAuthorization
from parlour.calls.evictions import Evictions
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.participations import Participations
from parlour.calls.presence import Presence
from parlour.errors import Refusal
from parlour.rooms.entities import Room
from parlour.rooms.service import RoomService

RIGHTS_SECONDS = 15.0
"""Seconds between two checks of all members of calls."""


class RightsCheck:
    """Compare the members of calls with the database, and remove people who have lost the right to be
    there.
    """

    def __init__(
        self,
        presence: Presence,
        calls: OngoingCalls,
        participations: Participations,
        evictions: Evictions,
        authorization: DegradedAuthorization,
        rooms: RoomService,
    ) -> None:
        self._presence = presence
        self._calls = calls
        self._participations = participations
        self._evictions = evictions
        self._authorization = authorization
        self._rooms = rooms
        self.is_due = asyncio.Event()
        """Set when facts of other nodes may not have arrived."""

    def on_facts_missed(self, _fact: FactsMissed) -> None:
        self.is_due.set()

    async def confirm_degraded(self) -> None:
        """Check the decisions that DegradedAuthorization made; the supervisor repeats this."""
        await self._authorization.confirm_next(self._session_over, self._evictions.remove_person)

    async def check_rights(self) -> None:
        """Remove members who have lost the right to be in their call; repeated every RIGHTS_SECONDS.

        Polling is needed because a change by the command line publishes no fact in this process, and since a
        fact of another node may be lost.
        """
        for room in self._calls.rooms():
            await self._check_rights_in(room)

    async def _check_rights_in(self, room: Room) -> None:
        there = [self._presence.identity_of(peer) for peer in self._calls.peers_in(room.room_id)]
        people = {identity.user_id: identity for identity in there if identity is not None}
        rights = await self._rooms.rights(room, people.values())
        if rights is None:
            self._evictions.close_room(room)
            return
        for user_id, refused in rights.refused.items():
            self._evictions.remove_person(people[user_id], room, refused())
        if rights.room.event_id != room.event_id:
            self._participations.renew(rights.room)

    def _session_over(self, identity: Identity, reason: Refusal) -> None:
        if identity.session is not None:
            self._evictions.end_sessions(identity.user_id, reason, sessions=frozenset({identity.session}))
