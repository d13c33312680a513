"""A room of the storm: who should be in its call, and whether everybody agrees."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count

import httpx

from tests.integration.cluster.storm import checks
from tests.integration.cluster.storm.client import (
    PATIENCE_SECONDS,
    Line,
    LineLost,
    Refused,
    StormClient,
    Visit,
)
from tests.integration.cluster.storm.nodes import Node
from tests.people import Person, done

AT_REST_WITHIN_SECONDS = 60.0
ATTENDANCE_WITHIN_SECONDS = 30.0
"""The rows of a server that died are looked for every ten seconds."""
PATIENCE_AT_REST_SECONDS = 40.0
PATIENCE_IN_A_CALM_SECONDS = 10.0
"""The time for which the web client waits for an answer."""
RETRY_SECONDS = 0.1
PAGE = 100


class NotAtRest(AssertionError):
    """A room has not come to rest, or at rest something is wrong."""


class StormRoom:
    """`nodes` are those at which its people may be."""

    def __init__(
        self,
        name: str,
        creator: Person,
        people: Sequence[Person],
        nodes: Sequence[Node],
        *,
        watcher: Person,
        certain_grace: float,
        struck_at: Callable[[str], float | None],
        is_event: bool,
        chance: random.Random,
    ) -> None:
        self.name = name
        self.nodes = nodes
        self.is_event = is_event
        self.faults: list[str] = []
        self._creator = creator
        self._watcher = watcher
        self._chance = chance
        self._changed = asyncio.Event()
        self.clients = [
            StormClient(person, name, self._changed.set, self.faults, certain_grace, struck_at)
            for person in people
        ]
        self._numbers = count(1)
        self._accepted: set[str] = set()
        self._unsure: dict[str, StormClient] = {}
        """Messages that may be stored, and who wrote them."""
        self._sent_at: dict[str, float] = {}
        self._writers: dict[str, StormClient | None] = {}
        self._history: list[str] = []
        self._failures: Counter[str] = Counter()
        """The attempts at rest that did not succeed, by their reasons."""
        self._seen: dict[int, set[str]] = {}
        """The peers in the call, as each node told them last to a person who prepares to join."""

    # The chat

    async def write(self, client: StormClient, node: Node | None) -> None:
        """Have a client write over its line, or over HTTP at a node. Raises LineLost or Refused."""
        message = f"{self.name}-{next(self._numbers)}"
        self._sent_at[message], self._writers[message] = time.monotonic(), client
        self._unsure[message] = client
        if node is None:
            await client.writes(message)
        else:
            await self._post(client.person, message, node)
        del self._unsure[message]
        self._accepted.add(message)

    async def _post(self, person: Person, message: str, node: Node) -> None:
        body = {"roomname": self.name, "message": message, "message_id": message}
        try:
            answer = await node.http.post("/message", json=body, headers=_identity(person))
        except httpx.TransportError as error:
            raise LineLost(repr(error)) from error
        if not answer.is_success:
            raise Refused(answer.json()["code"])

    async def _write_again(self) -> None:
        """Nobody knows whether these were stored; the same id stores them once."""
        for message, client in list(self._unsure.items()):
            await self._until_done(lambda m=message, c=client: self._post(c.person, m, self._node()))  # type: ignore[misc]
            del self._unsure[message]
            self._accepted.add(message)

    async def _read_history(self) -> None:
        """Add to the history what is new in it; all that was verified has to be there still."""
        found: list[str] = []
        before: dict[str, str] = {}
        node = self._node()
        while True:
            params: dict[str, str | int] = {"roomname": self.name, "limit": PAGE, **before}
            answer = await node.http.get("/message", params=params, headers=_identity(self._creator))
            page = done(answer).json()
            found += [message["message_id"] for message in page["messages"]]
            if not page["more"]:
                break
            before = {"before": found[-1]}
        self._history = found[::-1]

    # At rest

    def be_patient(self) -> None:
        """Have nobody give a node up while all answer, until the next rest."""
        for client in self.clients:
            client.patience = PATIENCE_IN_A_CALM_SECONDS

    async def rest(self, *, is_calm: bool, disasters: Sequence[checks.Interval]) -> None:
        """Have everybody come back who wants to, and wait until all agree. Raises NotAtRest."""
        for client in self.clients:
            client.patience = PATIENCE_AT_REST_SECONDS
        self._seen.clear()
        self._failures.clear()
        try:
            async with asyncio.timeout(AT_REST_WITHIN_SECONDS):
                await self._settle_all()
                await self._write_again()
                await asyncio.gather(*(self._reach_all(client) for client in self.clients))
                await self._all_hear_the_last_message()
                await self._until(lambda: not any(client.abandoned for client in self.clients))
                await asyncio.gather(*(self._is_seen_at(node) for node in self.nodes))
        except TimeoutError:
            raise NotAtRest(f"{self.name} has not come to rest:\n" + "\n".join(self._unrest())) from None
        found = [*self.faults, *checks.unequal_views(self.views())]
        found += checks.pairs_without_one_offer(self.views())
        if is_calm:
            found += self._what_a_calm_lost()
        found += checks.wrong_history(self._history, self._accepted, self._unsure)
        for client in self.clients:
            found += [f"{client.name}: {fault}" for fault in self._wrong_chat(client)]
        if found:
            raise NotAtRest(f"{self.name} is at rest, but:\n" + "\n".join(found))
        if self.is_event:
            await self._attendance_is_true(disasters)
        for client in self.clients:
            client.sent.clear()
            client.heard.clear()
            client.resets = 0
            client.patience = PATIENCE_SECONDS
            del client.stretches[:-1]

    async def _settle_all(self) -> None:
        """Have all come back until everybody agrees: a line may be closed since its visit went on elsewhere,
        where a client that had given that up was awaited.
        """
        while True:
            await asyncio.gather(*(self._settle(client) for client in self.clients))
            await self._until(lambda: not self._are_settled() or not checks.unequal_views(self.views()))
            if self._are_settled() and not checks.unequal_views(self.views()):
                return

    def _are_settled(self) -> bool:
        """Return True if all are where they want to be."""
        return all(client.visit is None or client.is_inside for client in self.clients)

    def views(self) -> dict[str, dict[str, bool]]:
        """Return what the members know that should be there."""
        return {
            client.visit.peer_id: client.visit.view
            for client in self.clients
            if client.is_inside and client.visit is not None
        }

    def _unrest(self) -> Iterable[str]:
        yield from self.faults
        yield from checks.unequal_views(self.views())
        for client in self.clients:
            where = "inside" if client.is_inside else "waiting" if client.visit else "outside"
            peer = "" if client.visit is None else client.visit.peer_id
            heard = client.stretches[-1].heard[-1:] if client.stretches else []
            yield (
                f"{client.name}: {where} {peer}, at {client.address}, {len(client.abandoned)} lines hang, "
                f"left {len(client.left_behind)}, last message {heard}"
            )
        yield from (f"node {number} tells of {sorted(peers)}" for number, peers in self._seen.items())
        yield f"unsure: {list(self._unsure)}; history ends with {self._history[-1:]}"
        yield f"failed and tried again: {dict(self._failures)}"

    async def _settle(self, client: StormClient) -> None:
        """Have a client back in the call, or out of it for certain, as it wants."""
        if client.visit is None and not client.left_behind:
            return

        async def settle() -> None:
            if not client.is_connected:
                await client.connects(self._node().address)
            if client.visit is None:
                await client.ends_what_it_left()
            elif not client.is_inside:
                await client.enters(resumable=True)

        while (client.visit is not None and not client.is_inside) or client.left_behind:
            await self._until_done(settle, client)

    async def _reach_all(self, client: StormClient) -> None:
        """Have a member's message reach each other member."""
        if not client.is_inside or client.visit is None:
            return
        for other in self.clients:
            if other is client or not other.is_inside or other.visit is None:
                continue
            await self._until_done(lambda o=other: self._reach(client, o))  # type: ignore[misc]

    async def _reach(self, client: StormClient, other: StormClient) -> None:
        """Have a message reach a member. Who are introduced anew, or are told that something may be lost,
        begin anew, as the web client does. Raises LineLost or Refused.
        """
        is_heard = False
        while not is_heard and client.visit is not None and other.visit is not None:
            pair = client.visit, other.visit
            before = _introductions(*pair)
            text = await client.relays(other.visit.peer_id)
            await self._until(
                lambda b=before, t=text, p=pair: other.has_heard(t) or _introductions(*p) > b  # type: ignore[misc]
            )
            is_heard = other.has_heard(text)

    async def _all_hear_the_last_message(self) -> None:
        last = f"{self.name}-{next(self._numbers)}"
        self._sent_at[last], self._writers[last] = time.monotonic(), None
        await self._until_done(lambda: self._post(self._creator, last, self._node()))
        self._accepted.add(last)
        members = [client for client in self.clients if client.is_inside]
        await self._until(lambda: all(last in client.stretches[-1].heard[-1:] for client in members))
        await self._read_history()

    async def _is_seen_at(self, node: Node) -> None:
        """Have a node tell who is in the call, as it tells people who prepare to join."""
        line = await Line.open(node.address, self._watcher.token or "", lambda *_: None, lambda _: None)
        try:
            while True:
                with suppress(Refused):
                    answer = await line.ask("prepare", {"room": self.name}, within=PATIENCE_AT_REST_SECONDS)
                    self._seen[node.number] = {entry["peerID"] for entry in answer["peers"]}
                    if self._seen[node.number] == self.views().keys():
                        return
                await asyncio.sleep(RETRY_SECONDS)  # only one change is told
        finally:
            await line.aclose()

    def _what_a_calm_lost(self) -> list[str]:
        inside = self.views().keys()
        sent: Counter[tuple[str, str]] = Counter()
        heard: Counter[tuple[str, str]] = Counter()
        for client in self.clients:
            sent += client.sent
            heard += client.heard
        lasting = {pair: number for pair, number in sent.items() if inside >= set(pair)}
        found = checks.lost_relays(lasting, heard)
        return found + [f"a count of {client.name} was lost" for client in self.clients if client.resets]

    def _wrong_chat(self, client: StormClient) -> list[str]:
        own = {message for message, writer in self._writers.items() if writer is client}
        return [
            fault
            for stretch in client.stretches
            for fault in checks.wrong_chat(stretch, self._history, own, self._sent_at)
        ]

    async def _attendance_is_true(self, disasters: Sequence[checks.Interval]) -> None:
        """Other nodes write their rows without being asked, so they are waited for."""
        wrong = await self._wrong_attendance(disasters)
        with suppress(TimeoutError):
            async with asyncio.timeout(ATTENDANCE_WITHIN_SECONDS):
                while wrong:
                    await asyncio.sleep(RETRY_SECONDS)  # a row announces no change
                    wrong = await self._wrong_attendance(disasters)
        if wrong:
            raise NotAtRest(f"the attendance of {self.name}:\n" + "\n".join(wrong))

    async def _wrong_attendance(self, disasters: Sequence[checks.Interval]) -> list[str]:
        rows: dict[str, list[checks.Row]] = {}
        after: dict[str, int] = {}
        node = self._node()
        while True:
            params: dict[str, str | int] = {"room": self.name, **after}
            answer = await node.http.get("/event/log", params=params, headers=_identity(self._creator))
            page = done(answer).json()
            for row in page["attendance"]:
                left = None if row["left_at"] is None else datetime.fromisoformat(row["left_at"])
                found = checks.Row(datetime.fromisoformat(row["joined_at"]), left)
                rows.setdefault(row["email"], []).append(found)
            if "next" not in page:
                break
            after = {"after": page["next"]}
        return [
            f"{client.name}: {fault}"
            for client in self.clients
            for fault in checks.wrong_attendance(
                rows.get(client.person.email, []), client.presence, disasters
            )
        ]

    # Waiting

    def _node(self) -> Node:
        return self._chance.choice([node for node in self.nodes if node.is_up])

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._changed.clear()
            if not holds():
                await self._changed.wait()

    async def _until_done(
        self, act: Callable[[], Awaitable[None]], client: StormClient | None = None
    ) -> None:
        """Repeat what may fail until a disaster's traces are gone."""
        while True:
            try:
                await act()
            except Refused as refused:
                if refused.code not in {"unavailable", "peer_not_found"}:
                    raise
                self._failures[refused.code] += 1
            except LineLost as lost:
                self._failures[str(lost)] += 1
                if client is not None:
                    client.breaks()
            else:
                return
            await asyncio.sleep(RETRY_SECONDS)  # nobody tells that a node can be asked again


def _introductions(one: Visit, other: Visit) -> int:
    return one.introductions[other.peer_id] + other.introductions[one.peer_id]


def _identity(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}
