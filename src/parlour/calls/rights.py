"""Check periodically that the members of calls may still be there: other processes change the database
too.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from parlour.accounts.identity import Identity, UserId
from parlour.bus import FactsMissed
from parlour.calls.degraded_authorization import DegradedAuthorization
from parlour.calls.evictions import Evictions
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.participations import Participations
from parlour.calls.peer_delivery import PeerDelivery
from parlour.calls.presence import Presence
from parlour.errors import Refusal
from parlour.rooms.entities import Room, RoomId
from parlour.rooms.facts import RightsTakenElsewhere
from parlour.rooms.service import RoomService
from parlour.wire.signaling import PeerId

RIGHTS_SECONDS = 15.0
"""Seconds between two checks of all members of calls."""


class RightsCheck:
    """Compare the members of calls with the database.

    It removes people who have lost the right to be there, renames people who have another display name, and
    notices rooms that ask something else of media.
    """

    def __init__(
        self,
        presence: Presence,
        calls: OngoingCalls,
        participations: Participations,
        evictions: Evictions,
        authorization: DegradedAuthorization,
        rooms: RoomService,
        delivery: PeerDelivery,
    ) -> None:
        self._presence = presence
        self._calls = calls
        self._participations = participations
        self._evictions = evictions
        self._authorization = authorization
        self._rooms = rooms
        self._delivery = delivery
        self._doubted: set[RoomId] = set()
        """The rooms whose people may have lost the right to be in the call, as another node says."""
        self._is_doubted = asyncio.Event()
        self.is_due = asyncio.Event()
        """Set when facts of other nodes may not have arrived."""

    def on_facts_missed(self, _fact: FactsMissed) -> None:
        self.is_due.set()

    def on_rights_taken_elsewhere(self, taken: RightsTakenElsewhere) -> None:
        """Have the database say who may still be in the call, and nobody get its chat before that."""
        self._participations.revoke()
        room_id = taken.room.room_id
        if self._calls.replica(room_id) is not None:
            self._doubted.add(room_id)
            self._is_doubted.set()
            self._delivery.hold(room_id)

    async def settle_doubts(self) -> None:
        """Wait until people of calls may have lost the right to be there, and remove them if so.

        Raises the database's error while it is unavailable: the check is still due then, but nothing is held
        any more, and nobody can write.
        """
        await self._is_doubted.wait()
        try:
            for room_id in list(self._doubted):
                await self._settle_doubt(room_id)
        except BaseException:
            for room_id in self._doubted:
                self._delivery.release(room_id)
            raise
        if not self._doubted:
            self._is_doubted.clear()

    async def _settle_doubt(self, room_id: RoomId) -> None:
        self._doubted.discard(room_id)
        call = self._calls.replica(room_id)
        try:
            if call is not None:
                await self._check_rights_in(call.room)
        except BaseException:
            self._doubted.add(room_id)
            raise
        if room_id not in self._doubted:
            self._delivery.release(room_id)

    async def confirm_degraded(self) -> None:
        """Check the decisions that DegradedAuthorization made; the supervisor repeats this."""
        await self._authorization.confirm_next(self._session_over, self._evictions.remove_person)

    async def check_rights(self) -> None:
        """Compare all members of calls with the database; repeated every RIGHTS_SECONDS.

        Polling is needed because a change by the command line publishes no fact in this process, and since a
        fact of another node may be lost.
        """
        for room in self._calls.rooms():
            await self._check_rights_in(room)

    async def _check_rights_in(self, room: Room) -> None:
        """Remove people who may not be there. A person who comes in after the question stays: the answer
        that let this person in is newer.
        """
        there: defaultdict[UserId, set[PeerId]] = defaultdict(set)
        people: dict[UserId, Identity] = {}
        for peer in self._calls.own_peers_in(room.room_id):
            identity = self._presence.identity_of(peer)
            if identity is not None:
                people[identity.user_id] = identity
                there[identity.user_id].add(peer)
        rights = await self._rooms.rights(room, people.values())
        if rights is None:
            self._evictions.close_room(room)
            return
        for user_id, refused in rights.refused.items():
            self._evictions.remove_peers(there[user_id], room, refused())
        if rights.room.event_id != room.event_id:
            self._participations.renew(rights.room)
        self._set_media(room, rights.room)
        self._rename(people, there, rights.display_names)

    def _set_media(self, asked: Room, found: Room) -> None:
        """Make up for a change of which no fact has come. One since the question may be newer than the
        answer.
        """
        call = self._calls.replica(asked.room_id)
        if call is not None and call.room.media == asked.media:
            self._participations.set_media(found)

    def _rename(
        self,
        asked: Mapping[UserId, Identity],
        there: Mapping[UserId, set[PeerId]],
        names: Mapping[UserId, str | None],
    ) -> None:
        """Make up for renames of which no fact has come.

        A person whose name has changed here since the question keeps it: the fact that changed it may be
        newer than the answer.
        """
        for user_id, name in names.items():
            before = asked[user_id].display_name
            if name != before and any(self._is_called(peer, before) for peer in there[user_id]):
                self._participations.rename(user_id, name)

    def _is_called(self, peer: PeerId, display_name: str | None) -> bool:
        identity = self._presence.identity_of(peer)
        return identity is not None and identity.display_name == display_name

    def _session_over(self, identity: Identity, reason: Refusal) -> None:
        if identity.session is not None:
            self._evictions.end_sessions(identity.user_id, reason, sessions=frozenset({identity.session}))
