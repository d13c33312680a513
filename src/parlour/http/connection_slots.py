"""Bound the TCP connections of the whole server, and choose the one that gives way."""

from collections import OrderedDict

from parlour.engine.budget import Holder


class ConnectionSlots:
    """Slots for `limit` connections, and for a moment `surplus` more, whose first request is refused.

    If all slots are taken, the connection that has waited longest for a whole request gives way. An honest
    client sends its request within moments, so a flood of silent connections keeps no honest client out, from
    however many addresses it comes. Nothing is counted by address, since a school or a proxy may share one.

    Of the connections that were answered and kept alive, at most `kept` stay: the longest idle gives way.
    """

    def __init__(self, limit: int, surplus: int, kept: int) -> None:
        self._limit = limit
        self._surplus = surplus
        self._most_kept = kept
        self._idle: OrderedDict[Holder, None] = OrderedDict()
        self._kept: OrderedDict[Holder, None] = OrderedDict()
        self._unwanted: OrderedDict[Holder, None] = OrderedDict()

    def admit(self, connection: Holder, *, connections: int) -> bool:
        """Give a new connection a slot. Return False if there is none: its first request is to be refused.

        `connections` is the number of open connections, the new connection included.
        """
        if connections - len(self._unwanted) > self._limit:
            if not self._idle:
                self._unwanted[connection] = None
                if len(self._unwanted) > self._surplus:
                    self._unwanted.popitem(last=False)[0].give_way()
                return False
            self._end_idle(self._idle)
        self._idle[connection] = None
        return True

    def pass_on(self, connection: Holder, successor: Holder) -> bool:
        """Give a connection's slot to the protocol that takes it over. Return what `admit` returned."""
        slots = self._unwanted if connection in self._unwanted else self._idle
        slots.pop(connection, None)
        slots[successor] = None
        return slots is self._idle

    def mark_idle(self, connection: Holder) -> None:
        """Note that an admitted connection waits for its next request, and may give way."""
        self._idle[connection] = self._kept[connection] = None
        if len(self._kept) > self._most_kept:
            self._end_idle(self._kept)

    def mark_busy(self, connection: Holder) -> None:
        """Note that a connection's request is whole, or that it became a WebSocket: it does not give way."""
        self._idle.pop(connection, None)
        self._kept.pop(connection, None)

    def leave(self, connection: Holder) -> None:
        self.mark_busy(connection)
        self._unwanted.pop(connection, None)

    def _end_idle(self, waiting: OrderedDict[Holder, None]) -> None:
        """Let the connection give way that is the first of those."""
        longest = next(iter(waiting))
        self.mark_busy(longest)
        longest.give_way()
