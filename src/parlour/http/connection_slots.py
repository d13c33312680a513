"""Bound the TCP connections of the whole server, and choose the one that gives way."""

from collections import OrderedDict

from parlour.engine.budget import Holder


class ConnectionSlots:
    """At most `limit` connections, and for a moment `surplus` more, which are told that there is no room.

    Where all slots are taken, the connection gives way that has waited longest for a whole request. Whoever
    is honest sends one within moments, so a flood of silent connections keeps nobody out, from however many
    addresses it comes; and nothing is counted by address, since behind one may be a school or a proxy.
    """

    def __init__(self, limit: int, surplus: int) -> None:
        self._limit = limit
        self._surplus = surplus
        self._idle: OrderedDict[Holder, None] = OrderedDict()
        self._unwanted: OrderedDict[Holder, None] = OrderedDict()

    def admit(self, connection: Holder, *, connections: int) -> bool:
        """Return False if there is no room, so that its first request is to be refused.

        `connections` is the number of those that are open, this one included.
        """
        if connections - len(self._unwanted) > self._limit:
            if not self._idle:
                self._unwanted[connection] = None
                if len(self._unwanted) > self._surplus:
                    self._unwanted.popitem(last=False)[0].give_way()
                return False
            self._idle.popitem(last=False)[0].give_way()
        self._idle[connection] = None
        return True

    def waits(self, connection: Holder) -> None:
        """Note that an admitted connection waits for its next request."""
        self._idle[connection] = None

    def works(self, connection: Holder) -> None:
        """Note that its request is whole, or that it became a WebSocket: it gives way to no connection."""
        self._idle.pop(connection, None)

    def leave(self, connection: Holder) -> None:
        self._idle.pop(connection, None)
        self._unwanted.pop(connection, None)
