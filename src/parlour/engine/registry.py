"""The state that all clients of an engine share: application, event types, connections."""

from parlour.engine.application import Application, EventTypes
from parlour.engine.connection import Connection
from parlour.engine.options import Options
from parlour.engine.sessions import TransportSessions


class Registry:
    """Holds the accepted connections that have not ended, by sid.

    `events` and `refused_events` count since the start.
    """

    __slots__ = (
        "application",
        "connections",
        "decode_known",
        "event_types",
        "events",
        "on_event",
        "options",
        "refused_events",
        "sessions",
    )

    def __init__(
        self, application: Application, event_types: EventTypes, options: Options, sessions: TransportSessions
    ) -> None:
        self.application = application
        self.event_types = event_types
        # Hot path: attributes, since both are called for each event.
        self.on_event = application.on_event
        self.decode_known = event_types.decode_known
        self.options = options
        self.sessions = sessions
        self.connections: dict[str, Connection] = {}
        self.events = 0
        self.refused_events = 0
