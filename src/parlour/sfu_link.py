"""The interface of calls to the SFUs (selective forwarding units).

`parlour.sfu` implements it with LiveKit. Calls import this file alone, and nothing of LiveKit's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NewType, Protocol, runtime_checkable

from parlour.wire.signaling import PeerId

SfuNumber = NewType("SfuNumber", int)
"""Names an SFU: 32 bits of a hash of its address, so it means the same on all nodes of a cluster, whatever
the order of their settings. It is told between nodes, and may be unknown to one (`SfuLink.is_well`)."""

LONGEST_SFU_ROOM = 128
"""The most characters of a name of a room on an SFU: ASCII letters, digits, `-` and `_`."""


class SfuUnavailable(Exception):
    """An SFU did not do what it was asked, or not in time; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SfuRights:
    """The rights that a token gives its holder in its room."""

    publishes: bool = True
    """Camera, microphone, shared screen and its sound."""
    sends_data: bool = True
    subscribes: bool = True


@dataclass(frozen=True, slots=True)
class SfuToken:
    """The text of a token, and the Unix time in seconds up to which one may connect with it.

    The SFU itself renews it for who is connected.
    """

    text: str
    expires: int


@runtime_checkable
class SfuListener(Protocol):
    """The calls: they are told of SFUs, and asked about the rooms on them. No method may raise or wait."""

    def sfu_is_unwell(self, sfu: SfuNumber) -> None:
        """Take note that an SFU has stopped answering (three looks in a row failed: about 6 s).

        It comes once for each time; `SfuLink.is_well` says False from before this call on.
        """

    def sfu_is_well(self, sfu: SfuNumber) -> None:
        """Take note that an SFU answers, or is to take calls, for the first time or again."""

    def sfu_is_drained(self, sfu: SfuNumber) -> None:
        """Take note that calls are to leave an SFU, and that none is to come to it.

        `SfuLink.drained_ones` has it from before this call on. When that is over, `sfu_is_well` comes.
        """

    def sfu_lost_rooms(self, sfu: SfuNumber, rooms: Iterable[str]) -> None:
        """Take note that an SFU which is well has some of `sfu_rooms` no more.

        Most likely it has started again. Nobody can connect to these rooms.
        """

    def sfu_has_rooms(self, sfu: SfuNumber, rooms: Iterable[str]) -> None:
        """Take note of all rooms of an SFU, whether or not this node has opened them.

        It comes with each answer, every 2 s.
        """

    def sfu_rooms(self) -> Iterable[tuple[SfuNumber, str]]:
        """Return the rooms whose people this node is to compare with those on the SFU.

        That is those of current topologies whose calls this node owns. Asked every 30 s.
        """

    def sfu_members(self, sfu: SfuNumber, room: str) -> frozenset[PeerId] | None:
        """Return who may be in the room on the SFU, None where this node does not know, or not any more.

        It is asked after the SFU has told who is there, in the same turn in which others are removed; and
        when a person connects at this node, who is let through if the answer is None or has them.
        """


class SfuLink(Protocol):
    """The SFUs that this server may use.

    Methods that are no coroutines answer from memory: they neither wait nor raise, and may be called
    anywhere. All is for the thread of the event loop.
    """

    def listen(self, listener: SfuListener) -> None:
        """Name the one listener, before the tasks start."""

    def is_well(self, sfu: SfuNumber) -> bool:
        """Return True if this SFU answers; False also for one that this node's settings do not name."""

    def well_ones(self) -> frozenset[SfuNumber]:
        """Return those that answer, also if they are drained."""

    def drained_ones(self) -> frozenset[SfuNumber]:
        """Return those that an administrator has said are to be left: they work, and take no more calls."""

    @property
    def are_known(self) -> bool:
        """Return True if each SFU has been asked once since the start, and has answered or not."""

    async def become_known(self) -> None:
        """Wait for that, at most 8 s."""

    def choose(self, *, besides: frozenset[SfuNumber] = frozenset()) -> SfuNumber | None:
        """Return the SFU with the fewest people among the well ones that are not drained, but none of
        `besides`; None if there is no other one.

        People are counted by the SFUs' own numbers, some seconds old, and by what was chosen here since.
        """

    def path_of(self, sfu: SfuNumber) -> str:
        """Return the path below which clients reach this SFU at Parlour's own address, with its base path:
        `/meet/livekit/2a5f00c1`.

        It is what `topology {url}` tells. A client resolves it against the address of its Socket.IO
        connection, with `ws` or `wss`; LiveKit's client adds `/rtc` to it.
        """

    def url_of(self, sfu: SfuNumber) -> str:
        """Return the URL by which programs of this machine reach this SFU: `ws://127.0.0.1:7880`.

        Raises KeyError for an SFU that the settings do not name.
        """

    async def open_room(self, sfu: SfuNumber, room: str) -> None:
        """Create the room, at most 2 s; if it is there already, that is fine. Raises SfuUnavailable.

        Nobody can connect before that. LiveKit closes a room 60 s after nobody has come, and 20 s after all
        have left, also for who is to come back: the owner opens it again before it names it to anybody.
        """

    async def people(self, sfu: SfuNumber, room: str) -> frozenset[PeerId]:
        """Return who is connected to a room, nobody if it is not there, within 2 s. Raises SfuUnavailable."""

    def token_for(self, sfu: SfuNumber, room: str, peer_id: PeerId, rights: SfuRights) -> SfuToken:
        """Sign a token, which takes some 10 µs: 60 s to connect, once or several times.

        Raises KeyError for an SFU that the settings do not name.
        """

    def remove(self, sfu: SfuNumber, room: str, peer_id: PeerId) -> None:
        """Have a participant disconnected, soon: it is tried again while the SFU is away for some seconds.

        A token lets the same one connect again while it is valid, so the comparison of each 30 s does the
        same again. At most 10,000 wait; what is more is left to the comparison.
        """

    def close_room(self, sfu: SfuNumber, room: str) -> None:
        """Have a room and all connections to it ended, soon, in the same way."""
