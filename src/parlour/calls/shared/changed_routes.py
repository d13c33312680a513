"""Keep the order of what a member says to a peer that has moved from one node to another. Pure.

A node sends a relay straight to the node that holds the receiver. Once the receiver has moved, a relay to its
new node would overtake an earlier one that is still passed on by its former node. So the first relay after a
move waits: the sender's node sends the `RouteEnd` after its relays to the former node, which passes it on
behind all of them; the new node answers with `RouteClear`, and what has waited follows.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from parlour.node_id import NodeId
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import FromPeer, PeerId

CHANGED_SECONDS = 5.0
"""Longer than a relay to the former node is under way."""
HELD_SECONDS = 6.0
"""Longer than it takes to see that a node is gone. The way over three nodes takes some milliseconds, if they
are well; what comes by one that hangs comes once it goes on.
"""
HANGS_SECONDS = 0.5
"""The time after which a former node counts as one that hangs, or the `RouteEnd` as lost."""
MAX_ROUTES = 4_096
MAX_MESSAGES, MAX_BYTES = 256, 1024 * 1024
"""The most that waits for one receiver."""
MAX_BYTES_OF_ALL = 32 * 1024 * 1024


@dataclass(slots=True)
class Route:
    """The way to a peer that has moved from the node `former`. Its `number` is that of the `RouteEnd` that is
    under way by that node, None before anything had to wait for one.
    """

    room_id: RoomId
    to: PeerId
    former: NodeId
    changed_at: float
    number: int | None = None
    held_since: float = 0.0
    size: int = 0
    held: deque[tuple[FromPeer, int]] = field(default_factory=deque)
    """The messages that wait, and their sizes, the oldest first."""


class ChangedRoutes:
    """The routes that have changed lately."""

    def __init__(self) -> None:
        self.routes: dict[PeerId, Route] = {}
        """The routes by peer, for reading only. Hot path: each relay looks whether there are any."""
        self.answering: set[NodeId] = set()
        """The other nodes that pass a `RouteEnd` on, and answer it."""
        self._numbers = 0
        self._size = 0

    def change(self, room_id: RoomId, to: PeerId, former: NodeId, *, now: float) -> None:
        """Take note that a peer has moved. What waits already, as it has moved before, waits on."""
        before = self.routes.pop(to, None)
        if before is None and len(self.routes) >= MAX_ROUTES:
            return
        route = Route(room_id, to, former, now)
        if before is not None:
            route.held, route.held_since, route.size = before.held, before.held_since, before.size
        self.routes[to] = route

    def ask(self, route: Route) -> None:
        """Give a route the number of a `RouteEnd` that is sent now."""
        self._numbers += 1
        route.number = self._numbers

    def hold(self, route: Route, message: FromPeer, size: int, *, now: float) -> bool:
        """Keep a message. Return False, with nothing kept, if too much waits already."""
        if (
            len(route.held) >= MAX_MESSAGES
            or route.size + size > MAX_BYTES
            or self._size + size > MAX_BYTES_OF_ALL
        ):
            return False
        if not route.held:
            route.held_since = now
        route.held.append((message, size))
        route.size += size
        self._size += size
        return True

    def clear(self, to: PeerId, number: int) -> Route | None:
        """Take note that a `RouteEnd` has arrived. Return the route, unless it has changed again since."""
        route = self.routes.get(to)
        return self.drop(to) if route is not None and route.number == number else None

    def drop(self, to: PeerId) -> Route | None:
        """Forget a route, and return it with what waits."""
        route = self.routes.pop(to, None)
        if route is not None:
            self._size -= route.size
        return route

    def take_late(self, now: float) -> list[Route]:
        """Forget routes that changed long ago. Return those on which something has waited for too long."""
        late = self._take(
            lambda route: (
                (route.held_since + HELD_SECONDS if route.held else route.changed_at + CHANGED_SECONDS) <= now
            )
        )
        return [route for route in late if route.held]

    def hanging(self, now: float) -> list[Route]:
        """Return the routes whose `RouteEnd` may be lost: nothing has come back for long."""
        return [
            route
            for route in self.routes.values()
            if route.held and route.number is not None and route.held_since + HANGS_SECONDS <= now
        ]

    def take_by(self, node: NodeId) -> list[Route]:
        """Return the routes that led over a node which is gone, and forget them."""
        return self._take(lambda route: route.former == node)

    def take_of(self, sender: PeerId) -> list[tuple[Route, list[tuple[FromPeer, int]]]]:
        """Return what a sender has waiting, by its routes, and keep it no longer."""
        if not self._size:
            return []
        taken = []
        for route in self.routes.values():
            waiting = [one for one in route.held if one[0].peer_id == sender]
            if waiting:
                taken.append((route, waiting))
                route.held = deque(one for one in route.held if one[0].peer_id != sender)
                size = sum(size for _, size in waiting)
                route.size -= size
                self._size -= size
        return taken

    def take_all(self) -> list[Route]:
        return self._take(lambda _: True)

    def _take(self, is_taken: Callable[[Route], bool]) -> list[Route]:
        """Return the routes that are taken, and forget them."""
        taken = [route for route in self.routes.values() if is_taken(route)]
        for route in taken:
            self.drop(route.to)
        return taken
