"""Who fills the buffer of a peer that reads slowly: each sender gets a share, and no sender the whole. Pure.

Otherwise one sender could fill it until the server hangs up on the receiver, who did nothing, or until what
others send finds no place.
"""

from parlour.accounts.identity import UserId
from parlour.wire.signaling import PeerId

BACKLOG_BYTES = 64 * 1024
"""What may wait for a peer before it is counted who sent it."""
SHARE_BYTES = 128 * 1024
"""What one person may add beyond that, over all their connections, until the backlog is small again."""
MAX_BACKLOG_BYTES = 640 * 1024
"""Beyond this no peer's message is taken. The rest, to the 1 MB at which the server hangs up
(`Options.max_send_buffer`), is for what the server itself says and for the message that reaches the limit."""


class BufferShares:
    def __init__(self) -> None:
        self.taken: dict[PeerId, dict[UserId, int]] = {}
        """Bytes, by receiver and sender. To be read: empty while nobody reads slowly."""

    def take(self, receiver: PeerId, sender: UserId, size: int, backlog: int) -> bool:
        """False where the sender's share, or the buffer, has no place for so many bytes."""
        taken = self.taken.setdefault(receiver, {})
        before = taken.get(sender, 0)
        if before + size > SHARE_BYTES or backlog + size > MAX_BACKLOG_BYTES:
            return False
        taken[sender] = before + size
        return True

    def forget(self, receiver: PeerId) -> None:
        """Little waits for this peer, or it is gone."""
        self.taken.pop(receiver, None)
