"""Divide the send buffer of a peer that reads slowly among its senders. Pure.

Without shares a single sender could fill the buffer until the server hangs up on the receiver, which did
nothing wrong, or until messages of other senders find no place.
"""

from parlour.accounts.identity import UserId
from parlour.wire.signaling import PeerId

BACKLOG_BYTES = 64 * 1024
"""A receiver with less unread data than this has no shares: its senders are not counted."""
SHARE_BYTES = 128 * 1024
"""The bytes that a person may add beyond BACKLOG_BYTES, over all their connections, until the backlog is
small again.
"""
MAX_BACKLOG_BYTES = 640 * 1024
"""The backlog beyond which no peer's message is accepted. The rest, up to the 1 MB at which the server
hangs up (`Options.max_send_buffer`), is for the server's own messages and for the message that reaches
the limit.
"""


class BufferShares:
    """The bytes that each sender has added to the backlog of each slow receiver."""

    def __init__(self) -> None:
        self.taken: dict[PeerId, dict[UserId, int]] = {}
        """Bytes, by receiver and sender; empty while no receiver reads slowly. Callers may read it only."""

    def take(self, receiver: PeerId, sender: UserId, size: int, backlog: int) -> bool:
        """Reserve `size` bytes. Return False if the sender's share, or the buffer, has no room for them."""
        taken = self.taken.setdefault(receiver, {})
        before = taken.get(sender, 0)
        if before + size > SHARE_BYTES or backlog + size > MAX_BACKLOG_BYTES:
            return False
        taken[sender] = before + size
        return True

    def forget(self, receiver: PeerId) -> None:
        """Reset the shares of a receiver whose backlog is small again, or that is gone."""
        self.taken.pop(receiver, None)
