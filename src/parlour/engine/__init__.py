"""An Engine.IO 4 and Socket.IO 5 server: a core without I/O, and thin transports under uvicorn.

The engine imports nothing else of Parlour. The application implements `Application`, declares its
`EventTypes`, and sends through `Connection`.
"""

from parlour.engine.application import Application, EventRejection, EventTypes
from parlour.engine.connection import Connection, Handshake, State
from parlour.engine.engine import Counters, Engine
from parlour.engine.mailbox import Mailbox
from parlour.engine.messages import EncodedPacket, encode_event
from parlour.engine.options import Options, same_origin
from parlour.engine.server import Server, end_unread
from parlour.engine.session import Reason

__all__ = [
    "Application",
    "Connection",
    "Counters",
    "EncodedPacket",
    "Engine",
    "EventRejection",
    "EventTypes",
    "Handshake",
    "Mailbox",
    "Options",
    "Reason",
    "Server",
    "State",
    "encode_event",
    "end_unread",
    "same_origin",
]
