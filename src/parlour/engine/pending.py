"""Bound the sessions that are in no namespace yet, per group of addresses and in all: the oldest gives
way.
"""

from collections import OrderedDict

from parlour.engine.session import TransportSession


class PendingSessions:
    """The pending sessions. A handshake is cheap, so an attacker can open thousands of them a second.

    Pending sessions may take only a small share of all sessions. An honest client sends CONNECT within
    moments, so the oldest pending session gives way to a new session, and a flood displaces only itself. A
    group of addresses (an IPv4 address, a /64 of IPv6) has a limit of its own, which is checked first.
    """

    def __init__(self, most: int, most_per_group: int) -> None:
        self._most = most
        self._most_per_group = most_per_group
        self._groups: OrderedDict[TransportSession, str] = OrderedDict()
        self._by_group: dict[str, OrderedDict[TransportSession, None]] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def add(self, session: TransportSession, group: str) -> TransportSession | None:
        """Add a session. Return the session that must be closed for it, already removed, or None.

        A session that is pending already keeps its age.
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
