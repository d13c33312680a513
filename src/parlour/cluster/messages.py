"""Messages between nodes by their kinds, and who is there: what features see of the cluster."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

import structlog

from parlour.cluster.coordinator import ClusterWatcher, Coordinator, Lease, LeaseId
from parlour.cluster.envelopes import HEAD_LENGTH, NEWEST_FORMAT, OLDEST_FORMAT, MessageKind, head
from parlour.cluster.listeners import tell

MessageHandler = Callable[[LeaseId, bytes], None]
"""Takes the sender and the body of a message, on the event loop, without blocking."""

log = structlog.get_logger("parlour.cluster")


class ClusterMessages:
    """The one listener of a coordinator: it hands messages to the handler of their kind, and tells all
    watchers who is there. Messages that this version does not know are counted, logged once and skipped.
    """

    def __init__(self, coordinator: Coordinator) -> None:
        self.coordinator = coordinator
        self.skipped: Counter[tuple[int, int]] = Counter()
        """The messages that were skipped, by format and kind."""
        self._handlers: dict[int, MessageHandler] = {}
        self._watchers: list[ClusterWatcher] = []
        self._has_lease = asyncio.Event()
        self._heads = _heads(NEWEST_FORMAT)
        coordinator.listen(self)

    @property
    def others(self) -> Mapping[LeaseId, Lease]:
        """Return the leases of the other nodes that are known to live."""
        return self.coordinator.others

    def handle(self, kind: MessageKind, handler: MessageHandler) -> None:
        """Set the handler of a kind of messages, before the coordinator runs."""
        if kind in self._handlers:
            raise ValueError(f"{kind.name} has a handler already")
        self._handlers[kind] = handler

    def watch(self, watcher: ClusterWatcher) -> None:
        """Add a watcher, before the coordinator runs. Watchers are told in the order in which they were
        added.
        """
        self._watchers.append(watcher)

    def send(self, to: LeaseId, kind: MessageKind, body: bytes) -> bool:
        """Queue a message. Return False, with nothing queued, if the node is not there or too much waits
        for it already. Hot path.
        """
        return self.coordinator.send(to, self._heads[kind] + body)

    def broadcast(self, kind: MessageKind, body: bytes) -> None:
        """Send a message to all other nodes; one for which too much waits hears that it has missed some."""
        message = self._heads[kind] + body
        for other in self.coordinator.others:
            if not self.coordinator.send(other, message):
                self.coordinator.report_loss(other)

    def report_loss(self, to: LeaseId) -> None:
        """Have that node hear `messages_lost`, since a message for it could not be queued."""
        self.coordinator.report_loss(to)

    async def wait_for_lease(self) -> None:
        """Wait until this node has a lease."""
        await self._has_lease.wait()

    # Called by the coordinator

    def lease_begun(self, lease: Lease) -> None:
        self._has_lease.set()
        for watcher in self._watchers:
            tell(watcher.lease_begun, lease)

    def lease_lost(self) -> None:
        self._has_lease.clear()
        self._heads = _heads(NEWEST_FORMAT)
        for watcher in self._watchers:
            tell(watcher.lease_lost)

    def node_joined(self, lease: Lease) -> None:
        about = lease.description
        log.info("cluster.node_joined", lease=lease.lease_id, host=about.host, pid=about.pid)
        self._choose_format()
        for watcher in self._watchers:
            tell(watcher.node_joined, lease)

    def node_left(self, lease: Lease) -> None:
        about = lease.description
        log.info("cluster.node_left", lease=lease.lease_id, host=about.host, pid=about.pid)
        self._choose_format()
        for watcher in self._watchers:
            tell(watcher.node_left, lease)

    def messages_lost(self, sender: LeaseId) -> None:
        log.warning("cluster.messages_lost", sender=sender)
        for watcher in self._watchers:
            tell(watcher.messages_lost, sender)

    def received(self, sender: LeaseId, message: bytes) -> None:
        handler = None
        if len(message) >= HEAD_LENGTH and OLDEST_FORMAT <= message[0] <= NEWEST_FORMAT:
            handler = self._handlers.get(message[1])
        if handler is None:
            self._skip(sender, message)
        else:
            handler(sender, message[HEAD_LENGTH:])

    def _skip(self, sender: LeaseId, message: bytes) -> None:
        message_format, kind = message[:HEAD_LENGTH] if len(message) >= HEAD_LENGTH else (0, 0)
        self.skipped[message_format, kind] += 1
        if self.skipped[message_format, kind] == 1:
            log.warning("cluster.unknown_message", sender=sender, format=message_format, kind=kind)

    def _choose_format(self) -> None:
        """Write the newest format that everybody reads."""
        newest = [lease.description.formats[1] for lease in self.coordinator.others.values()]
        self._heads = _heads(max(OLDEST_FORMAT, min(NEWEST_FORMAT, *newest)) if newest else NEWEST_FORMAT)


def _heads(message_format: int) -> dict[MessageKind, bytes]:
    return {kind: head(kind, message_format) for kind in MessageKind}
