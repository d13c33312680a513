"""Each node knows the recordings that have not ended, whatever the order in which it hears of them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from parlour.accounts.identity import UserId
from parlour.recordings.entities import LiveRecording, RecordingId
from parlour.recordings.facts import RecordingBegan, RecordingConsented, RecordingEnded
from parlour.recordings.live_recordings import LiveRecordings
from parlour.rooms.entities import RoomId

ANN, BOB = UserId(1), UserId(2)
ROOM = RoomId(7)
LIVE = LiveRecording(
    recording_id=RecordingId("one"),
    room_id=ROOM,
    username="ann",
    display_name=None,
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
    consents=frozenset({ANN}),
)
OTHER = replace(LIVE, recording_id=RecordingId("other"))
ENDED = RecordingEnded(room_id=ROOM, recording_id=LIVE.recording_id)


class Rows:
    """What the database says; `meanwhile` happens while it is read."""

    def __init__(self, *found: LiveRecording) -> None:
        self.found = found
        self.meanwhile: Callable[[], object] = lambda: None

    async def read(self) -> Iterable[LiveRecording]:
        found = self.found
        self.meanwhile()
        return found


def told(live: LiveRecordings) -> list[RoomId]:
    rooms: list[RoomId] = []
    live.listen(rooms.append)
    return rooms


def test_facts_change_it_at_once() -> None:
    live = LiveRecordings(Rows().read)
    rooms = told(live)
    live.on_began(RecordingBegan(recording=LIVE))
    consented = RecordingConsented(room_id=ROOM, recording_id=LIVE.recording_id, user_id=BOB)
    live.on_consented(consented)
    assert live.by_room[ROOM].consents == {ANN, BOB}
    live.on_ended(ENDED)
    live.on_consented(consented)
    live.on_ended(ENDED)
    assert (live.by_room, rooms) == ({}, [ROOM] * 3)


def test_the_end_of_an_earlier_recording_ends_no_later_one() -> None:
    live = LiveRecordings(Rows().read)
    live.on_began(RecordingBegan(recording=OTHER))
    live.on_ended(ENDED)
    assert live.by_room == {ROOM: OTHER}


async def test_what_is_read_makes_up_for_facts_that_were_missed() -> None:
    rows = Rows(LIVE)
    live = LiveRecordings(rows.read)
    rooms = told(live)
    await live.load()
    await live.load()
    assert (live.by_room, rooms) == ({ROOM: LIVE}, [ROOM])
    rows.found = ()
    await live.load()
    assert (live.by_room, rooms) == ({}, [ROOM, ROOM])


async def test_a_fact_that_comes_while_it_is_read_counts() -> None:
    rows = Rows(LIVE)
    live = LiveRecordings(rows.read)
    live.on_began(RecordingBegan(recording=LIVE))

    def ends() -> None:
        rows.meanwhile = lambda: None
        rows.found = ()
        live.on_ended(ENDED)

    rows.meanwhile = ends
    await live.load()
    assert live.by_room == {}
