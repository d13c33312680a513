"""A discrete-event simulation of nodes and Redis, from the same costs as the computation. Pure and seeded.

A process is an event loop: it takes all that waits for it in one turn, pays for a wake-up if it had rested,
and for each event; what it sends leaves at the end of the turn. Turns wait for a core in order, and
a process that had rested runs a moment after it was woken, which is found from the delay between two nodes. A
node writes to others in rounds: what is queued while a round is under way is the next one. Redis answers XADD
and XREAD; a reader whose inbox is empty is answered by the next entry. So did the nodes whose costs were
measured; since then they wait for no answer, and gather for 1.6 ms what they write, which is cheaper.
"""

import heapq
import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from bench.capacity.costs import Costs
from bench.capacity.profile import CANDIDATE_BYTES, RENEWALS

READ_ENTRIES, BLOCK_SECONDS = 64, 1.0
SENDING_SHARE = 0.5
"""Of a relay's cost: taking the message from its sender's socket. The rest is sending it to its receiver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTimes:
    """CPU seconds of a node's events."""

    wake: float
    """By an answer of Redis."""
    socket_wake: float
    take: float
    """A message from a socket."""
    give: float
    """A message to a socket."""
    queue: float
    """A message for another node."""
    write: float
    """An entry, and the answer to it: half of it each."""
    read: float
    """An answer to XREAD, and the next request."""
    unpack: float
    """A message from another node."""
    at_rest: float
    """A second, of what this leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisTimes:
    wake: float
    request: float
    """XADD or XREAD."""
    byte: float
    renewal: float
    """A renewal of one of the leases of this cluster."""
    at_rest: float
    """A second, of what this leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorTimes:
    """The program that plays all people, which is a process of the same machine."""

    wake: float = 0.0
    send: float = 0.0
    receive: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    nodes: int
    rate: float
    """Messages a second, of all together."""
    across: float
    """The share of them that goes to another node."""
    cores: int | None
    """Those of all processes together; None: each has one."""
    seconds: float = 5.0
    is_even: bool = True
    """Messages come at even intervals; otherwise as a Poisson process."""
    from_sockets: bool = True
    """False for nodes that send to each other without people."""
    told: float = 0.0
    """Other messages between nodes, which no socket has sent or gets, a second."""
    work: tuple[tuple[float, float], ...] = ()
    """What else a node does: how often a second, and CPU seconds each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """Shares of a core, requests a second, and seconds from a message's start to its end."""

    node: float
    """Of the mean node."""
    redis: float
    redis_requests: float
    p50: float
    p99: float
    batch: float
    """Messages of an entry."""


def node_times(costs: Costs) -> NodeTimes:
    """Split what was measured for a message at rest and for a flood of them among the events."""
    by_socket, sending, receiving = (
        max(0.0, cost.rested - cost.busy) for cost in (costs.candidate, costs.send, costs.receive)
    )
    wake = min(by_socket, sending, receiving)
    return NodeTimes(
        wake=wake,
        socket_wake=by_socket,
        take=costs.candidate.busy * SENDING_SHARE,
        give=costs.candidate.busy * (1 - SENDING_SHARE),
        queue=costs.send.busy,
        write=sending - wake,
        read=receiving - wake,
        unpack=costs.receive.busy,
        at_rest=costs.node_at_rest,
    )


def redis_times(costs: Costs, nodes: int) -> RedisTimes:
    return RedisTimes(
        wake=costs.redis_wake,
        request=costs.redis_entry / 2,
        byte=costs.redis_byte / 2,
        renewal=costs.redis_renewal + nodes * costs.redis_renewal_lease,
        at_rest=costs.redis_at_rest,
    )


@dataclass(slots=True)
class Event:
    """An event of a process: its cost, and what follows at the end of the turn."""

    cost: float
    then: Callable[[float], None]


class Process:
    """An event loop."""

    def __init__(self, machine: "Machine", wake: float) -> None:
        self._machine = machine
        self._wake = wake
        self._waiting: list[Event] = []
        self._is_at_rest = True
        self.used = 0.0

    def happens(self, cost: float, then: Callable[[float], None], *, wake: float | None = None) -> None:
        """Let something happen. `wake` is what the wake-up by it costs, if that is not the usual; 0 if
        something else has woken the process just before.
        """
        self._waiting.append(Event(cost, then))
        if self._is_at_rest:
            self._is_at_rest = False
            if wake == 0.0:
                self._machine.ready(self, 0.0)
            else:
                due = self._wake if wake is None else wake
                self._machine.wake(lambda: self._machine.ready(self, due))

    def turn(self, wake: float) -> float:
        """Begin a turn; return how long it takes."""
        events, self._waiting = self._waiting, []
        took = wake + sum(event.cost for event in events)
        self.used += took
        self._machine.at(self._machine.now + took, lambda: self._end(events))
        return took

    def _end(self, events: list[Event]) -> None:
        for event in events:
            event.then(self._machine.now)
        self._machine.done()
        if self._waiting:
            self._machine.ready(self, 0.0)
        else:
            self._is_at_rest = True


class Machine:
    """The time, and the cores."""

    def __init__(self, cores: int | None, latency: float) -> None:
        """`latency` is between what wakes a process and its turn."""
        self.now = 0.0
        self._latency = latency
        self._free = cores if cores is not None else 1 << 30
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self._ready: deque[tuple[Process, float]] = deque()

    def at(self, time: float, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._agenda, (time, self._number, act))

    def wake(self, act: Callable[[], None]) -> None:
        self.at(self.now + self._latency, act)

    def ready(self, process: Process, wake: float) -> None:
        self._ready.append((process, wake))
        self._dispatch()

    def done(self) -> None:
        self._free += 1
        self._dispatch()

    def _dispatch(self) -> None:
        while self._free and self._ready:
            self._free -= 1
            process, wake = self._ready.popleft()
            process.turn(wake)

    def run(self, until: float) -> None:
        while self._agenda and self._agenda[0][0] <= until:
            self.now, _, act = heapq.heappop(self._agenda)
            act()


@dataclass(slots=True)
class Message:
    began: float
    receiver: int
    is_told: bool = False


@dataclass(slots=True)
class Entry:
    receiver: int
    messages: list[Message] = field(default_factory=list)


class RedisProcess(Process):
    """Redis: an inbox for each node."""

    def __init__(self, machine: Machine, times: RedisTimes) -> None:
        super().__init__(machine, times.wake)
        self._times = times
        self._inboxes: dict[int, deque[Entry]] = defaultdict(deque)
        self._readers: dict[int, tuple[float, Callable[[list[Entry]], None]]] = {}
        self.requests: Counter[str] = Counter()

    def add(self, entry: Entry, answered: Callable[[], None]) -> None:
        """XADD."""
        size = len(entry.messages) * CANDIDATE_BYTES

        def then(_now: float) -> None:
            self.requests["xadd"] += 1
            self._inboxes[entry.receiver].append(entry)
            answered()
            self._answer(entry.receiver)

        self.happens(self._times.request + size * self._times.byte, then)

    def read(self, node: int, got: Callable[[list[Entry]], None]) -> None:
        """XREAD BLOCK."""
        size = CANDIDATE_BYTES * sum(len(entry.messages) for entry in self._inboxes[node])

        def then(now: float) -> None:
            self.requests["xread"] += 1
            self._readers[node] = now, got
            self._answer(node)
            if node in self._readers:
                self._machine.at(now + BLOCK_SECONDS, lambda: self._give_up(node, now))

        self.happens(self._times.request + size * self._times.byte, then)

    def _give_up(self, node: int, since: float) -> None:
        """Answer a reader that has waited so long for nothing."""
        if node in self._readers and self._readers[node][0] == since:
            _, got = self._readers.pop(node)
            got([])

    def renew(self) -> None:
        """Renew a lease: three requests in one pipeline."""
        self.requests["renewal"] += 3
        self.happens(self._times.renewal, lambda _now: None)

    def _answer(self, node: int) -> None:
        inbox = self._inboxes[node]
        if inbox and node in self._readers:
            _, got = self._readers.pop(node)
            got([inbox.popleft() for _ in range(min(len(inbox), READ_ENTRIES))])


class NodeProcess(Process):
    """A node: sockets on one side, rounds of entries on the other."""

    def __init__(
        self,
        machine: Machine,
        number: int,
        times: NodeTimes,
        redis: RedisProcess,
        arrived: Callable[[Message], None],
        *,
        has_sockets: bool,
    ) -> None:
        super().__init__(machine, times.wake)
        self._number = number
        self._times = times
        self._redis = redis
        self._arrived = arrived
        self._has_sockets = has_sockets
        self._take = times.take if has_sockets else 0.0
        self._give = times.give if has_sockets else 0.0
        self._queues: dict[int, list[Message]] = {}
        self._is_busy = False
        self._under_way = 0

    def begin(self) -> None:
        self._redis.read(self._number, self._got)

    def take(self, message: Message) -> None:
        """Take a message from a socket of this node, or one that the node itself has made."""
        wake = self._times.socket_wake if self._has_sockets else 0.0
        if message.receiver == self._number:
            cost = self._take + self._give
            self.happens(cost, lambda _now: self._arrived(message), wake=wake)
        else:
            cost = self._take + self._times.queue
            self.happens(cost, lambda _now: self._queue(message), wake=wake)

    def tell(self, message: Message) -> None:
        """Send a message that no socket has sent."""
        self.happens(self._times.queue, lambda _now: self._queue(message))

    def _queue(self, message: Message) -> None:
        self._queues.setdefault(message.receiver, []).append(message)
        if not self._is_busy:
            self._is_busy = True
            self.happens(0.0, lambda _now: self._write())

    def _write(self) -> None:
        queues, self._queues = self._queues, {}
        if not queues:
            self._is_busy = False
            return
        self._under_way = len(queues)
        entries = [Entry(receiver, messages) for receiver, messages in queues.items()]

        def then(_now: float) -> None:
            for entry in entries:
                self._redis.add(entry, self._answered)

        self.happens(self._times.write / 2 * len(entries), then)

    def _answered(self) -> None:
        def then(_now: float) -> None:
            self._under_way -= 1
            if not self._under_way:
                self._write()

        self.happens(self._times.write / 2, then)

    def _got(self, entries: list[Entry]) -> None:
        messages = [message for entry in entries for message in entry.messages]
        given = [message for message in messages if not message.is_told]

        def then(_now: float) -> None:
            for message in given:
                self._arrived(message)
            self._redis.read(self._number, self._got)

        cost = self._times.read + len(messages) * self._times.unpack + len(given) * self._give
        self.happens(cost, then)


class Simulation:
    """A cluster under a load."""

    def __init__(
        self,
        load: Load,
        node: NodeTimes,
        redis: RedisTimes,
        generator: GeneratorTimes,
        *,
        latency: float,
        seed: int,
    ) -> None:
        self._load = load
        self._redis_at_rest = redis.at_rest
        self._at_rest = node.at_rest
        self._generator_times = generator
        self._random = random.Random(seed)
        self._machine = Machine(load.cores, latency)
        self._redis = RedisProcess(self._machine, redis)
        self._generator = Process(self._machine, generator.wake)
        self._nodes = [
            NodeProcess(
                self._machine, number, node, self._redis, self._arrived, has_sockets=load.from_sockets
            )
            for number in range(load.nodes)
        ]
        self._delays: list[float] = []
        self._sent = 0

    def run(self) -> Predicted:
        load, machine = self._load, self._machine
        for process in self._nodes:
            process.begin()
        for time, sender in self._times():
            machine.at(time, self._sending(sender))
        if load.nodes > 1:
            for number in range(int(load.seconds * RENEWALS * load.nodes)):
                machine.at(number / RENEWALS / load.nodes, self._redis.renew)
        self._do_other_work()
        machine.run(load.seconds)
        delays = sorted(self._delays) or [0.0]
        entries = self._redis.requests["xadd"]
        across = self._sent * load.across + load.told * load.seconds
        return Predicted(
            node=sum(process.used for process in self._nodes) / load.nodes / load.seconds + self._at_rest,
            redis=self._redis.used / load.seconds + self._redis_at_rest,
            redis_requests=self._redis.requests.total() / load.seconds,
            p50=delays[len(delays) // 2],
            p99=delays[len(delays) * 99 // 100],
            batch=across / entries if entries else 1.0,
        )

    def _do_other_work(self) -> None:
        """Plan what is told, and the work of each node, as Poisson processes."""
        load, machine = self._load, self._machine
        for time in self._poisson(load.told):
            sender = self._random.randrange(load.nodes)
            message = Message(time, self._other_than(sender), is_told=True)
            machine.at(time, partial(self._nodes[sender].tell, message))
        for node in self._nodes:
            for rate, cost in load.work:
                for time in self._poisson(rate):
                    machine.at(time, partial(node.happens, cost, lambda _now: None))

    def _poisson(self, rate: float) -> Iterator[float]:
        time = self._random.expovariate(rate) if rate else self._load.seconds
        while time < self._load.seconds:
            yield time
            time += self._random.expovariate(rate)

    def _times(self) -> Iterator[tuple[float, int]]:
        time, number = 0.0, 0
        while time < self._load.seconds:
            yield time, number % self._load.nodes
            number += 1
            step = 1 / self._load.rate
            time += step if self._load.is_even else self._random.expovariate(self._load.rate)

    def _sending(self, sender: int) -> Callable[[], None]:
        """Return what begins a message."""

        def act() -> None:
            message = Message(0.0, self._receiver(sender))
            if self._load.from_sockets:
                self._generator.happens(
                    self._generator_times.send, lambda now: self._send(sender, message, now)
                )
            else:
                self._send(sender, message, self._machine.now)

        return act

    def _send(self, sender: int, message: Message, now: float) -> None:
        self._sent += 1
        message.began = now
        self._nodes[sender].take(message)

    def _receiver(self, sender: int) -> int:
        if self._load.nodes == 1 or self._random.random() >= self._load.across:
            return sender
        return self._other_than(sender)

    def _other_than(self, sender: int) -> int:
        other = self._random.randrange(self._load.nodes - 1)
        return other + (other >= sender)

    def _arrived(self, message: Message) -> None:
        if self._load.from_sockets:
            self._generator.happens(self._generator_times.receive, lambda now: self._note(message, now))
        else:
            self._note(message, self._machine.now)

    def _note(self, message: Message, now: float) -> None:
        self._delays.append(now - message.began)


def predict(costs: Costs, load: Load, *, generator: GeneratorTimes | None = None, seed: int = 1) -> Predicted:
    return _simulated(costs, load, generator or GeneratorTimes(), wake_latency(costs), seed)


def wake_latency(costs: Costs) -> float:
    """Return the seconds between what wakes a process and its turn.

    A message between two nodes wakes Redis and the receiver; what its delay has beyond the costs are these.
    """
    load = Load(nodes=2, rate=500, across=1.0, cores=None, seconds=1.0, from_sockets=False)
    return max(0.0, costs.round_trip - _simulated(costs, load, GeneratorTimes(), 0.0, 1).p50) / 2


def _simulated(costs: Costs, load: Load, generator: GeneratorTimes, latency: float, seed: int) -> Predicted:
    node, redis = node_times(costs), redis_times(costs, load.nodes)
    return Simulation(load, node, redis, generator, latency=latency, seed=seed).run()
