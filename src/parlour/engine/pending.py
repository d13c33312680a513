"""Bound the sessions that are in no namespace yet, by address and in all: the oldest gives way."""

from collections import OrderedDict

from parlour.engine.session import TransportSession


class PendingSessions:
    """A handshake costs an attacker little, so anybody can make thousands of pending sessions a second.

    They may take a small share of all sessions. An honest client says CONNECT within moments, so the
    oldest session gives way to a newcomer, and a flood keeps out only itself. A group of addresses (an
    IPv4 address, a /64 of IPv6) has a share of that share, whose oldest goes first.
    """

    def __init__(self, most: int, most_per_group: int) -> None:
        self._most = most
        self._most_per_group = most_per_group
        self._groups: OrderedDict[TransportSession, str] = OrderedDict()
        self._by_group: dict[str, OrderedDict[TransportSession, None]] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def add(self, session: TransportSession, group: str) -> TransportSession | None:
        """Add a session; return the session that has to give way, already removed. A pending one keeps
        its age.
        """
        if session in self._groups:
            return None
        self._groups[session] = group
        of_group = self._by_group.setdefault(group, OrderedDict())
        of_group[session] = None
        if len(of_group) > self._most_per_group:
            oldest = next(iter(of_group))
        elif len(self._groups) > self._most:
            oldest = next(iter(self._groups))
        else:
            return None
        self.discard(oldest)
        return oldest

    def discard(self, session: TransportSession) -> None:
        group = self._groups.pop(session, None)
        if group is not None:
            of_group = self._by_group[group]
            del of_group[session]
            if not of_group:
                del self._by_group[group]
