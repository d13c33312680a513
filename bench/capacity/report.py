"""The needs and limits as Markdown, and the section of docs/performance.md."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from math import ceil
from pathlib import Path

from bench.capacity.costs import Costs, Paced
from bench.capacity.model import AS_BUILT, BEYOND, Design, Needs, fewest_nodes, limits_reached, load_of, plan
from bench.capacity.profile import Limits, Profile
from bench.capacity.simulation import predict
from bench.capacity.trial import JoinTrial, Trial
from bench.kept_section import KeptSection
from bench.report import number

KEPT = KeptSection(Path(__file__).with_name("measured.md"), command="python -m bench.capacity")
KEPT_TRIALS = KeptSection(Path(__file__).with_name("trials.md"), command="python -m bench.capacity --trial")
SOCKETS = (10_000, 100_000, 1_000_000)
NAMES = {
    "node": "what every node hears of all others",
    "redis": "the one core of Redis",
    "redis-tag": "the shard of leases, ownership and counts",
    "redis-network": "the network of Redis",
    "postgres": "the cores of PostgreSQL",
    "commits": "the commits of PostgreSQL",
    "room-list": "the network of a machine, by `share-rooms`",
}


def section(costs: Costs, profile: Profile, limits: Limits, sockets: Sequence[int] = SOCKETS) -> str:
    """Write needs, limits, costs, and what was assumed."""
    parts = [
        f"Costs measured on {costs.circumstances}.",
        needs_table(costs, profile, limits, sockets),
        "**Limits**, as it is built, with one Redis and one PostgreSQL, the first first:",
        _limits(costs, profile, limits),
        "**Costs:**",
        costs_table(costs),
        f"**Assumed of people:** {_assumptions(profile)}.",
        f"**Assumed of machines:** {_assumptions(limits)}.",
    ]
    return "\n\n".join(parts)


def needs_table(costs: Costs, profile: Profile, limits: Limits, sockets: Iterable[int]) -> str:
    head = (
        "sockets",
        "built",
        "nodes",
        "their cores, used",
        "memory of a node",
        "Redis, requests/s",
        "Redis, cores",
        "its shards",
        "between nodes",
        "PostgreSQL, writes/s",
        "its cores",
        "`share-rooms`, of a node",
        "a candidate, p50 / p99, simulated",
    )
    rows = []
    for count in sockets:
        found = plan(count, profile, costs, limits)
        rows.append(
            (f"{count:,}", "as now", "no number does", *["–"] * (len(head) - 3))
            if found is None
            else _needs_row("as now", found, _delay(found, AS_BUILT, costs, profile, limits), limits)
        )
        beyond = plan(count, profile, costs, limits, BEYOND)
        if beyond is not None:
            rows.append(
                _needs_row(
                    "nothing told to all", beyond, _delay(beyond, BEYOND, costs, profile, limits), limits
                )
            )
    return _table(head, rows, left=2)


def _delay(found: Needs, design: Design, costs: Costs, profile: Profile, limits: Limits) -> str:
    """Simulate the plan, unless it needs several shards of Redis, which the simulation does not know."""
    if found.redis_cores > limits.redis_load:
        return "–"
    delays = predict(costs, load_of(found, profile, costs, limits, design))
    return f"{number(delays.p50 * 1e3)} / {number(delays.p99 * 1e3)} ms"


def _needs_row(built: str, found: Needs, delay: str, limits: Limits) -> tuple[str, ...]:
    return (
        f"{found.sockets:,}",
        built,
        f"{found.nodes:,}",
        f"{found.node_cores:,.1f}",
        _bytes(found.node_memory),
        f"{found.redis_requests:,.0f}",
        f"{found.redis_cores:.2f}",
        f"{ceil(found.redis_cores / limits.redis_load):,}",
        f"{_bytes(found.redis_bytes / 2)}/s",
        f"{found.postgres_writes:,.0f}",
        f"{found.postgres_cores:.1f}",
        f"{_bytes(found.list_bytes)}/s",
        delay,
    )


def _limits(costs: Costs, profile: Profile, limits: Limits) -> str:
    lines = []
    for one in limits_reached(profile, costs, limits):
        nodes = fewest_nodes(one.sockets - 1, profile, costs, limits)
        lines.append(f"- At {_rounded(one.sockets)} sockets ({nodes} nodes): {NAMES[one.name]}. {one.then}")
    return "\n".join(lines) or "- None up to ten million sockets."


def costs_table(costs: Costs) -> str:
    def paced(title: str, cost: Paced) -> tuple[str, str, str]:
        return title, _micro(cost.rested), _micro(cost.busy)

    rows = [
        paced("candidate, both sockets at one node", costs.candidate),
        paced("description, the same", costs.description),
        paced("join of a call of four, at one node", costs.join),
        ("… for each message about it between nodes, at both", _micro(costs.decision), ""),
        paced("message to another node, at its sender", costs.send),
        paced("… at its receiver", costs.receive),
        ("fact that does not concern the node, besides", _micro(costs.fact), ""),
        ("connect and CONNECT", _micro(costs.connect), ""),
        ("ping and pong", _micro(costs.heartbeat), ""),
        ("question who owns a call", _micro(costs.own_question), ""),
        ("round of `share-rooms`, for 1,000 rooms", _micro(costs.list_room * 1_000), ""),
        ("… for each MB that it sends", _micro(costs.list_byte * 1e6), ""),
        ("Redis: entry of an inbox, written and read", _micro(costs.redis_entry + 2 * costs.redis_wake), ""),
        ("… while it is never idle", "", _micro(costs.redis_entry)),
        ("Redis: renewal of a lease, and for each that it lists", _micro(costs.redis_renewal), ""),
        ("… for each lease that it lists", _micro(costs.redis_renewal_lease), ""),
        ("Redis: claim of a socket's place", _micro(costs.redis_claim), ""),
    ]
    for kind, cost in costs.requests.items():
        hashing = f" and {_micro(cost.hashing)} of hashing" if cost.hashing else ""
        text = (
            f"HTTP: {kind} ({_micro(cost.postgres)} of PostgreSQL, {cost.commits:.0f} writes, "
            f"{_micro(cost.redis)} of Redis{hashing})"
        )
        rows.append((text, "", _micro(cost.node)))
    rows.append(("memory of a node, and of a socket", _bytes(costs.node_memory), _bytes(costs.socket_memory)))
    return _table(("", "rested", "busy"), rows)


def trials_section(trials: Sequence[Trial], joins: JoinTrial, circumstances: str, seconds: float) -> str:
    """Write what was measured, and what was predicted of it."""
    figures = (
        ("CPU of a node, %", "node", 100.0),
        ("CPU of Redis, %", "redis", 100.0),
        ("requests to Redis, 1/s", "redis_requests", 1.0),
        ("p50, ms", "p50", 1_000.0),
        ("p99, ms", "p99", 1_000.0),
    )
    rows = []
    for trial in trials:
        cells = [trial.title, f"{trial.rate:,.0f}", f"{trial.others:.0%}"]
        for _, name, scale in figures:
            measured, predicted = getattr(trial.measured, name), getattr(trial.predicted, name)
            ratio = f" ({predicted / measured:.2f})" if measured else ""
            cells.append(f"{number(measured * scale)} / {number(predicted * scale)}{ratio}")
        rows.append(cells)
    head = ("", "messages/s", "other programs, of all cores", *(title for title, _, _ in figures))
    about = (
        f"{circumstances}; {seconds:g} seconds for each load. Measured / predicted, and the ratio of the "
        "predicted to the measured in brackets."
    )
    text = f"{about}\n\n{_table(head, rows)}"
    return (
        f"{text}\n\nA join of a call of four that fills, each of them at another node: "
        f"{_micro(joins.cpu)} of all nodes, where {_micro(joins.predicted_cpu)} were computed "
        f"({joins.predicted_cpu / joins.cpu:.2f}), and {joins.messages:.1f} messages between nodes "
        f"({joins.predicted_messages:.1f})."
    )


def _assumptions(values: Profile | Limits) -> str:
    return ", ".join(f"`{name}` {value:g}" for name, value in asdict(values).items())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    rule = [*["---"] * left, *["---:"] * (len(head) - left)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))


def _micro(seconds: float) -> str:
    """Write seconds as microseconds."""
    value = seconds * 1e6
    return f"{value:,.0f} µs" if value >= 10 else f"{value:.1f} µs"


def _bytes(value: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if value >= size:
            return f"{value / size:,.0f} {unit}" if value >= 10 * size else f"{value / size:.1f} {unit}"
    return f"{value:.0f} B"


def _rounded(count: int) -> str:
    """Round to two digits: the rest would be more than is known."""
    return f"{float(f'{count:.2g}'):,.0f}"
