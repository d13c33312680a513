"""Messages on their way to peers: sent, kept for who is away, or both."""

from collections.abc import Callable, Iterable

from parlour.calls.call import Send
from parlour.calls.presence import ConnectionId, Presence
from parlour.wire.signaling import AnyServerEvent, Counted, PeerId

Deliver = Callable[[ConnectionId, AnyServerEvent], None]


class Courier:
    """`deliver` keeps the order in which it is called, and never waits."""

    def __init__(self, presence: Presence, deliver: Deliver) -> None:
        self._presence = presence
        self._deliver = deliver

    def post(self, to: PeerId, message: Counted) -> bool:
        """False where there is no such peer. This is what the server does all day."""
        line = self._presence.line(to)
        if line is not None and not line.put(message):
            return True
        receiver = self._presence.connection_of(to)
        if receiver is None:
            return False
        self._deliver(receiver, message)
        return True

    def post_all(self, sends: Iterable[Send]) -> None:
        for send in sends:
            self.post(send.to, send.message)

    def flow(self, peer_id: PeerId) -> None:
        """The peer has heard that it may go on: what was kept for it, and from then on everything."""
        line, receiver = self._presence.line(peer_id), self._presence.connection_of(peer_id)
        if line is not None and receiver is not None:
            for message in line.flow():
                self._deliver(receiver, message)
