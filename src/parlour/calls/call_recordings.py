"""Recordings by the server, as calls know them: members are told, and the node that decides about a call has
it recorded.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from msgspec import UNSET, UnsetType

from parlour.accounts.identity import UserId
from parlour.calls.call_replica import CallReplica
from parlour.calls.lobby import Lobby
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.presence import ConnectionId, Presence
from parlour.calls.topologies import CallTopologies
from parlour.recordings.entities import LiveRecording, RecordingId
from parlour.recordings.live_recordings import LiveRecordings
from parlour.recordings.recorders import RecorderPlace, Recorders
from parlour.recordings.service import Recordings
from parlour.rooms.entities import RoomId
from parlour.wire.base import iso
from parlour.wire.signaling import CallRecording, PeerId, ServerRecording

LOOK_SECONDS = 2.0
"""The time after which names and places of a call that is recorded are looked at again."""


def recorder_identity(recording_id: RecordingId) -> PeerId:
    """Return what the recorder of a recording is called on the SFU; no member is called so."""
    return PeerId(f"recorder-{recording_id}")


class CallRecordings:
    """The recordings of the calls that this node knows. Only a server that records has one of these."""

    def __init__(
        self,
        presence: Presence,
        calls: OngoingCalls,
        lobby: Lobby,
        topologies: CallTopologies,
        recordings: Recordings,
        live: LiveRecordings,
        recorders: Recorders,
        deliver: Callable[[ConnectionId, CallRecording], None],
    ) -> None:
        self._presence = presence
        self._calls = calls
        self._lobby = lobby
        self._topologies = topologies
        self._recordings = recordings
        self._live = live
        self._recorders = recorders
        self._deliver = deliver
        self._told: dict[RoomId, LiveRecording] = {}
        self._changed = asyncio.Event()
        topologies.ask_who_records(self._recorder_of, self._on_move)
        live.listen(self._on_change)

    def recording_of(self, room_id: RoomId, user_id: UserId) -> ServerRecording | UnsetType:
        """Return the recording of a call as a person is to hear of it, UNSET if there is none."""
        live = self._live.by_room.get(room_id)
        return UNSET if live is None else _told_to(user_id, live)

    def _recorder_of(self, room_id: RoomId) -> PeerId | None:
        live = self._live.by_room.get(room_id)
        return None if live is None else recorder_identity(live.recording_id)

    def _on_move(self, room_id: RoomId) -> None:
        """Look at once where a call that is recorded is now: its people leave the former place soon."""
        if room_id in self._live.by_room:
            self._changed.set()

    def _on_change(self, room_id: RoomId) -> None:
        """Tell the members of this node what has changed for them."""
        self._changed.set()
        before, now = self._told.pop(room_id, None), self._live.by_room.get(room_id)
        if now is not None:
            self._told[room_id] = now
        call = self._calls.replica(room_id)
        if call is None:
            return
        is_same = before is not None and now is not None and before.recording_id == now.recording_id
        for peer in self._calls.own_peers_in(room_id):
            connection_id = self._presence.connection_of(peer)
            member = None if connection_id is None else self._presence.connection(connection_id)
            if member is None:
                continue
            user_id = member.identity.user_id
            if not is_same or _consented(user_id, before) != _consented(user_id, now):
                told = None if now is None else _told_to(user_id, now)
                self._deliver(member.connection_id, CallRecording(told))
        if not is_same:
            self._topologies.call_changed(call.room)
            self._lobby.call_changed(call.room)

    async def step(self) -> None:
        """Have the calls that this node decides about recorded where they are; repeated by the supervisor."""
        wait = LOOK_SECONDS if self._live.by_room else None
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._changed.wait()
        self._changed.clear()
        for room_id, live in list(self._live.by_room.items()):
            if self._recorders.makes(live.recording_id) and self._calls.is_over(room_id):
                await self._recordings.end(live.recording_id, "call_ended")
            call = self._calls.replica(room_id)
            if call is not None and call.must_encrypt and self._calls.decides(room_id):
                await self._recordings.end(live.recording_id, "encrypted")
        places = {}
        for room_id, live in self._live.by_room.items():
            call = self._calls.replica(room_id)
            if call is not None and call.seats and self._calls.decides(room_id):
                places[live.recording_id] = self._place_of(call, live)
        current = {live.recording_id for live in self._live.by_room.values()}
        self._recorders.follow(places, ended=lambda recording_id: recording_id not in current)

    def _place_of(self, call: CallReplica, live: LiveRecording) -> RecorderPlace | None:
        found = self._topologies.place_of_recorder(call.room.room_id, recorder_identity(live.recording_id))
        if found is None:
            return None
        members = call.mesh.members
        return RecorderPlace(
            url=found.url,
            sfu_room=found.room,
            token=found.sign,
            names={peer: members.display_names.get(peer) or name for peer, name in members.names.items()},
            people=frozenset(peer for peer, seat in call.seats.items() if seat.user_id in live.consents),
        )


def _consented(user_id: UserId, live: LiveRecording | None) -> bool:
    return live is not None and user_id in live.consents


def _told_to(user_id: UserId, live: LiveRecording) -> ServerRecording:
    return ServerRecording(
        recording_id=live.recording_id,
        username=live.username,
        since=iso(live.started_at),
        consented=_consented(user_id, live),
        display_name=UNSET if live.display_name is None else live.display_name,
    )
