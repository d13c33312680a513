"""Hold descriptions and candidates that have overtaken the introduction of their sender. Pure.

A relay goes straight from the sender's node to the receiver's; the introduction of the two comes from the
owner of the call, and may be later.
"""

from collections import deque
from dataclasses import dataclass, field

from parlour.wire.signaling import FromPeer, PeerId

MAX_MESSAGES, MAX_BYTES = 64, 256 * 1024
"""The most that is held of one sender."""
HELD_SECONDS = 2.0
MAX_SENDERS = 1_024


@dataclass(slots=True)
class _Held:
    """The messages of one sender, oldest first: when each came, for whom, and its size."""

    size: int = 0
    messages: deque[tuple[float, PeerId, FromPeer, int]] = field(default_factory=deque)


class EarlyRelays:
    """The messages that wait until their receiver is told of their sender."""

    def __init__(self) -> None:
        self._held: dict[PeerId, _Held] = {}

    def __len__(self) -> int:
        return sum(len(held.messages) for held in self._held.values())

    def hold(self, to: PeerId, message: FromPeer, size: int, *, now: float) -> bool:
        """Keep a message. Return False, with nothing kept, if too much is held already."""
        self.expire(now)
        held = self._held.get(message.peer_id)
        if held is None:
            if len(self._held) >= MAX_SENDERS:
                return False
            held = _Held()
        if len(held.messages) >= MAX_MESSAGES or held.size + size > MAX_BYTES:
            return False
        self._held[message.peer_id] = held
        held.messages.append((now, to, message, size))
        held.size += size
        return True

    def release(self, to: PeerId, sender: PeerId, *, now: float) -> list[tuple[FromPeer, int]]:
        """Return the messages, and their sizes, of a sender of whom a member was told now, in their order."""
        self.expire(now)
        held = self._held.get(sender)
        if held is None:
            return []
        released = [(message, size) for _, receiver, message, size in held.messages if receiver == to]
        kept = [one for one in held.messages if one[1] != to]
        held.messages, held.size = deque(kept), sum(size for *_, size in kept)
        if not kept:
            del self._held[sender]
        return released

    def expire(self, now: float) -> None:
        """Drop what has waited for too long."""
        for sender, held in list(self._held.items()):
            while held.messages and held.messages[0][0] + HELD_SECONDS <= now:
                held.size -= held.messages.popleft()[3]
            if not held.messages:
                del self._held[sender]
