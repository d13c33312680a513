"""Doubles around a session: a transport, a consumer and an owner that record calls in memory."""

from parlour.engine.packets import Binary, Outgoing
from parlour.engine.session import Reason, TransportSession


class MemoryTransport:
    """A transport that acts like a WebSocket or, by another name, like long-polling without a poll."""

    def __init__(self, name: str = "websocket") -> None:
        self.name = name
        self.sent: list[Outgoing] = []
        self.closed: Reason | None = None

    def send(self, packet: bytes) -> None:
        if self.closed is None:
            self.sent.append(packet)

    def send_soon(self, packet: bytes) -> None:
        self.send(packet)

    def send_alone(self, packet: bytes) -> None:
        self.send(packet)

    def send_binary(self, data: bytes) -> None:
        if self.closed is None:
            self.sent.append(Binary(data))

    def buffered(self) -> int:
        return 0

    @property
    def is_at_rest(self) -> bool:
        return True

    def close(self, reason: Reason) -> None:
        assert self.closed is None, "closed twice"
        self.closed = reason

    def close_when_heard(self, reason: Reason) -> None:
        self.close(reason)

    def upgrading(self) -> None:
        pass

    def take(self) -> list[Outgoing]:
        sent, self.sent = self.sent, []
        return sent


class Listener:
    """A consumer that records messages, closes and deadlines."""

    def __init__(self) -> None:
        self.heard: list[str | bytes] = []
        self.closed: list[Reason] = []
        self.deadline: float | None = None
        self.deadlines: list[float] = []

    def on_message(self, text: str) -> None:
        self.heard.append(text)

    def is_connected(self) -> bool:
        return True

    def on_plain_event(self, arguments: bytes) -> bool:
        return False

    def on_binary(self, data: bytes) -> None:
        self.heard.append(data)

    def on_close(self, reason: Reason) -> None:
        self.closed.append(reason)

    def next_deadline(self) -> float | None:
        return self.deadline

    def on_deadline(self, now: float) -> None:
        self.deadlines.append(now)


class Keeper:
    """An owner that records the ended sessions."""

    def __init__(self) -> None:
        self.ended: list[tuple[TransportSession, Reason]] = []

    def session_closed(self, session: TransportSession, reason: Reason) -> None:
        self.ended.append((session, reason))
