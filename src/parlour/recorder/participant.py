"""The recorder as a participant of a room of LiveKit: it takes the tracks of others, and sends nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

import livekit.rtc as rtc
import structlog

from parlour.recorder.captures import PictureCapture, SoundCapture, Studio
from parlour.recorder.manifest import PersonNamed
from parlour.recorder.recorded_track import RecordedTrack, RunningCapture

_CONNECT_SECONDS = 10.0
_LEAVE_SECONDS = 5.0
_SOURCES = {
    rtc.TrackSource.SOURCE_CAMERA: "camera",
    rtc.TrackSource.SOURCE_MICROPHONE: "microphone",
    rtc.TrackSource.SOURCE_SCREENSHARE: "screenshare",
    rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO: "screenshare_audio",
}

log = structlog.get_logger("parlour.recorder")


class Unreachable(Exception):
    """LiveKit does not let the recorder in, or does not answer."""


class RecordingParticipant:
    """Records the tracks of the room, `most_tracks` at once.

    `people` are the identities of people who may be recorded, None: everybody. `choose` looks for more.
    `changed` is called when the room is lost (`has_left`), or a capture has failed (`failure`): the disk is
    full, for example.
    """

    def __init__(
        self, studio: Studio, people: set[str] | None, changed: Callable[[], None], *, most_tracks: int
    ) -> None:
        self.has_left = False
        self.failure: BaseException | None = None
        self._studio = studio
        self._changed = changed
        self._people = people
        self._most_tracks = most_tracks
        self._room = rtc.Room()
        self._taken: set[str] = set()
        self._captures: dict[str, RunningCapture] = {}

    @property
    def tracks(self) -> int:
        return len(self._captures)

    @property
    def skipped(self) -> int:
        """The number of tracks that are not recorded: too many, encrypted end to end, or of other people."""
        return sum(publication.sid not in self._taken for _, publication in self._publications())

    async def join(self, url: str, token: str) -> None:
        """Enter the room. Raises Unreachable."""
        room = self._room
        for event in ("track_published", "track_unpublished", "participant_disconnected"):
            room.on(event, self.choose)
        room.on("participant_connected", self._name)
        room.on("participant_name_changed", self._name)
        room.on("track_subscribed", self._begin)
        room.on("track_unsubscribed", self._end)
        room.on("disconnected", self._leave)
        options = rtc.RoomOptions(auto_subscribe=False, connect_timeout=_CONNECT_SECONDS)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await room.connect(url, token, options)
        except (rtc.ConnectError, TimeoutError) as error:
            raise Unreachable(str(error) or "no answer") from error
        for person in room.remote_participants.values():
            self._name(person)
        self.choose()

    def yield_to(self, other: RecordedTrack) -> None:
        """Record no more of a source of a person, if another room's track of it is recorded."""
        captures = self._captures.values()
        if all(capture.track.sid != other.sid for capture in captures):
            for capture in captures:
                if (capture.track.identity, capture.track.source) == (other.identity, other.source):
                    capture.stop()

    async def leave(self) -> None:
        """Close all files, and leave the room. Raises what a capture has raised."""
        captures = list(self._captures.values())
        for capture in captures:
            capture.stop()
        await asyncio.gather(*(capture.ends() for capture in captures))
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await self._room.disconnect()
        except TimeoutError:
            log.warning("recorder.not-left")
        for capture in captures:
            if capture.error is not None:
                raise capture.error

    def _publications(self) -> list[tuple[Any, Any]]:
        people = self._room.remote_participants.values()
        return [
            (person, publication) for person in people for publication in person.track_publications.values()
        ]

    def choose(self, *_: Any) -> None:
        """Take tracks that are not taken, while there is room for them."""
        there = self._publications()
        self._taken &= {publication.sid for _, publication in there}
        for person, publication in there:
            plain = publication.encryption_type == rtc.EncryptionType.NONE
            may = self._people is None or person.identity in self._people
            if plain and may and publication.sid not in self._taken and len(self._taken) < self._most_tracks:
                self._taken.add(publication.sid)
                publication.set_subscribed(True)

    def _name(self, person: Any, *_: Any) -> None:
        """Note what LiveKit calls a person, unless a name is known."""
        contents = self._studio.manifest.contents
        if person.name and person.identity not in contents.names:
            now = self._studio.clock.now()
            self._studio.manifest.add(PersonNamed(at=now, identity=person.identity, name=person.name))

    def _begin(self, track: Any, publication: Any, person: Any) -> None:
        source = _SOURCES.get(publication.source, "unknown")
        recorded = RecordedTrack(person.identity, source, publication.sid)
        if track.kind == rtc.TrackKind.KIND_VIDEO:
            running = PictureCapture(self._studio, recorded, publication, track).run()
        else:
            running = SoundCapture(self._studio, recorded, track).run()
        self._captures[track.sid] = RunningCapture(recorded, running, self._ended)

    def _end(self, track: Any, *_: Any) -> None:
        if (capture := self._captures.get(track.sid)) is not None:
            capture.stop()
        self.choose()

    def _ended(self, capture: RunningCapture) -> None:
        sid = capture.track.sid
        if self._captures.get(sid) is capture:
            del self._captures[sid]
        if capture.error is not None:
            self.failure = self.failure or capture.error
            self._changed()

    def _leave(self, *_: Any) -> None:
        self.has_left = True
        self._changed()
