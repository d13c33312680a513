"""The recordings that have not ended, in the memory of each node.

Facts change it at once; the database is read at the start and now and then, since facts of other nodes may be
late or lost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from parlour.bus import FactsMissed
from parlour.recordings.entities import LiveRecording
from parlour.recordings.facts import RecordingBegan, RecordingConsented, RecordingEnded
from parlour.rooms.entities import RoomId

READ_SECONDS = 15.0
_TRIES = 3

Reading = Callable[[], Awaitable[Iterable[LiveRecording]]]


class LiveRecordings:
    """Holds one recording for each room. `listen` names who hears of rooms whose recording changes."""

    def __init__(self, read: Reading) -> None:
        self.by_room: dict[RoomId, LiveRecording] = {}
        self.is_due = asyncio.Event()
        self.is_due.set()
        self._read = read
        self._changes = 0
        self._tell: Callable[[RoomId], None] = lambda _room_id: None

    def listen(self, tell: Callable[[RoomId], None]) -> None:
        self._tell = tell

    def on_began(self, began: RecordingBegan) -> None:
        self._put(began.recording.room_id, began.recording)

    def on_consented(self, consented: RecordingConsented) -> None:
        live = self.by_room.get(consented.room_id)
        if live is not None and live.recording_id == consented.recording_id:
            consents = live.consents | {consented.user_id}
            self._put(consented.room_id, replace(live, consents=consents))

    def on_ended(self, ended: RecordingEnded) -> None:
        live = self.by_room.get(ended.room_id)
        if live is not None and live.recording_id == ended.recording_id:
            self._put(ended.room_id, None)

    def on_facts_missed(self, _fact: FactsMissed) -> None:
        self.is_due.set()

    async def load(self) -> None:
        """Take over what the database says. What it says is older than a fact that came meanwhile, and then
        it is read again; while facts come all the time, they are enough.
        """
        for _ in range(_TRIES):
            before = self._changes
            found = {one.room_id: one for one in await self._read()}
            if self._changes == before:
                for room_id in self.by_room.keys() | found.keys():
                    if self.by_room.get(room_id) != found.get(room_id):
                        self._put(room_id, found.get(room_id))
                return

    def _put(self, room_id: RoomId, live: LiveRecording | None) -> None:
        self._changes += 1
        if live is None:
            self.by_room.pop(room_id, None)
        else:
            self.by_room[room_id] = live
        self._tell(room_id)
