"""Recently ended sessions, for requests that read the database before the session ended."""

from collections import OrderedDict

from parlour.accounts.facts import SessionsEnded
from parlour.accounts.identity import SessionId

REMEMBERED = 10_000
"""The bound of remembered sessions: more than can end between a database read and its use."""


class SessionTerminations:
    """Remembers the sessions that ended last; subscribes to SessionsEnded."""

    def __init__(self) -> None:
        self._recent: OrderedDict[SessionId, None] = OrderedDict()

    def on_sessions_ended(self, ended: SessionsEnded) -> None:
        for session in ended.sessions:
            self._recent[session] = None
        while len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    def include(self, session: SessionId) -> bool:
        """True if the session ended recently.

        Check *after* the database read, to close the race with a concurrent logout: the read may be older
        than the commit that ended the session.
        """
        return session in self._recent
