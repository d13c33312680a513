"""The tables: on the terminal after each workload, and docs/performance.md after a whole run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench import browser_page, chart
from bench.machine import Cores, cpu_model, memory_gigabytes, versions
from bench.outcome import NODE, PARLOUR, Figure, Outcome, Spread, Verdict, spread, verdicts
from bench.servers import socketio_version
from bench.workloads import WORKLOADS
from bench.workloads.entrance import SIZES

Outcomes = Mapping[str, Outcome]
RATIOS = "bench-ratios.svg"
BARS = {
    "bench-relay.svg": (
        "CPU time of the server for a message, µs",
        (
            ("candidates", "cpu", "Candidate"),
            ("descriptions", "cpu", "Description"),
            ("mix", "cpu", "Message of the mix"),
            ("idle", "heartbeat", "Heartbeat"),
        ),
    ),
    "bench-connect.svg": (
        "CPU time of the server for a connect and join, µs",
        (("connect", "cpu", "Rooms of 4"), ("storm", "cpu", "The same in the storm")),
    ),
    "bench-entry.svg": (
        "CPU time of the server for the steps of an entry into a call of 4, µs",
        (
            ("entry", "upgrade", "TCP and the upgrade"),
            ("entry", "connect", "CONNECT"),
            ("entry", "join", "join"),
            ("entry", "relays", "6 descriptions, 72 candidates"),
        ),
    ),
    "bench-rooms.svg": (
        "CPU time of the server for a join, per member of the room, µs",
        tuple(("rooms", f"member{size}", f"Room of {size}") for size in SIZES),
    ),
}
DISTURBED_SHARE, BOTTLENECK_SHARE = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The conditions of a run."""

    cores: Cores
    core_count: int
    command: str
    minutes: float

    def lines(self) -> list[str]:
        names = {**versions(), "socket.io": socketio_version()}
        apart = "a core of its own" if self.cores.apart else "the same core: there is no other"
        return [
            f"{cpu_model()}, {self.core_count} cores, {memory_gigabytes()} GB of memory; "
            f"the servers on one core, the generator on {apart}",
            ", ".join(f"{name} {version}" for name, version in names.items()),
            f"{datetime.now(UTC):%Y-%m-%d}, `{self.command}`, {self.minutes:.0f} minutes",
        ]


def number(value: float) -> str:
    """Format a value with three significant digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def measured(found: Spread | None, unit: str) -> str:
    return "–" if found is None else f"{number(found.median)} {unit}"


def measured_range(found: Spread | None, unit: str) -> str:
    if found is None:
        return "–"
    return f"{number(found.median)} {unit} ({number(found.low)} – {number(found.high)})"


def ranged(found: Spread | None) -> str:
    if found is None:
        return "–"
    return f"{found.median:.2f} ({found.low:.2f} – {found.high:.2f})"


def head(outcome: Outcome) -> tuple[str, ...]:
    return ("", PARLOUR, outcome.reference, "ratio", "target")


def row(figure: Figure, outcome: Outcome) -> tuple[str, ...]:
    judged = verdicts(figure, outcome)
    target = ", ".join(f"{one.target:g} {'met' if one.met else 'missed'}" for one in judged)
    own, peer = outcome.of(PARLOUR, figure.key), outcome.of(outcome.reference, figure.key)
    written = measured if outcome.reference == NODE else measured_range
    return (
        figure.title,
        written(own, figure.unit),
        written(peer, figure.unit),
        ranged(outcome.ratio(figure.key)),
        target,
    )


def shares(outcome: Outcome) -> str:
    """Describe the load of both cores.

    The generator's share has to stay well below a core, the share of other processes near nothing.
    """
    if not outcome.generator:
        return ", ".join(f"other processes {share:.0%} of all cores before it" for share in outcome.others)
    generator = spread(outcome.generator)
    text = f"generator {generator.median:.0%} of its core (to {max(outcome.generator):.0%})"
    if outcome.others:
        others = spread(outcome.others)
        text += f", other processes {others.median:.0%} of the server's (to {max(outcome.others):.0%})"
    return text


def caveats(outcome: Outcome) -> list[str]:
    """List the reasons to doubt the figures: a disturbed core or a saturated generator."""
    found = [] if outcome.missing is None else [f"Not measured: {outcome.missing}"]
    if outcome.others and spread(outcome.others).median > DISTURBED_SHARE:
        found.append("Other work on the server's core disturbed this: repeat it on a quiet machine.")
    if outcome.generator and spread(outcome.generator).median > BOTTLENECK_SHARE:
        found.append("The generator was the bottleneck: the server could do more than this.")
    return found


def terminal(outcome: Outcome) -> str:
    """Format the table of a workload for the terminal."""
    workload = WORKLOADS[outcome.workload]
    rows = [head(outcome), *(row(figure, outcome) for figure in workload.figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in rows
    ]
    lines += caveats(outcome)
    return "\n".join([f"\n{workload.title} ({shares(outcome)})", *(f"  {line}" for line in lines)])


def all_verdicts(outcomes: Outcomes) -> list[Verdict]:
    return [
        judged
        for name, outcome in outcomes.items()
        for figure in WORKLOADS[name].figures
        for judged in verdicts(figure, outcome)
    ]


def summary(outcomes: Outcomes) -> str:
    judged = all_verdicts(outcomes)
    missed = [one for one in judged if not one.met]
    lines = [f"  {one.title}: {one.measured:.2f}, at most {one.target:g} wanted" for one in missed]
    return "\n".join([f"\n{len(judged) - len(missed)} of {len(judged)} targets met.", *lines])


# ------------------------------------------------------------------------------------------- the page

_PAGE = """\
# Performance

<!-- Generated by `make bench`: edit bench/report.py instead. -->

Generated by `make bench`, which starts the real `parlour serve`, with every check of identity, admission,
same room and shape in place, and Node's socket.io with the same checks beside it ([bench/node]), and
measures both in turn.

{circumstances}

[bench/node]: ../bench/node/server.js

## Targets

{targets}

{ratios}

## Figures

A figure is the median of all rounds; a ratio is Parlour's figure divided by that beside it, of the same
round: the median, and the quartiles of the rounds (of fewer than four, the least and the greatest).

{tables}

{bars}

## Where the time goes

What a relay and a connect consist of; measured by hand (`perf record`, `strace`, `cProfile`,
`timeit`) on the machine of the first table while other work ran, not by `make bench`.

- **A relayed description**: of some 19 µs, half are the kernel's (`sendto`, most of it TCP through the
  loopback interface as far as the receiver's queue, and waking who waits for it; `read`), a third the
  interpreter (who sends, are both in this call, how fast, is that SDP), the rest msgspec, picows, uvloop
  and copies of 3 KB. What brought it there from 28: one decoding from the frame's bytes instead of three
  steps over text; the description's text passed on as the JSON string that it came as, judged by its head
  (its escapes, 70 lines decoded once and encoded once, took 6 µs); and one system call for what a bunch of
  messages in one read causes for one receiver (uvloop's `write` is one call for each message).
- **Connect and join**, at the pace of people rather than of a flood, costs two to three times as much on
  either server: each step begins with a wake-up, on cold caches. There a look-up in the database is the
  dearest single thing, some 130 to 240 µs (a thread is woken, the interpreter's lock changes hands, the
  event loop is woken again), where a flood of them takes 18 to 35 each. Two are left, one for CONNECT and
  one for the join, and a join that was prepared makes none. What else went, each measured by itself: PyJWT
  (60 µs for a token that is new to the process, 17 now; 28 for the resume token, 9 now); a round of `share-
  rooms` for each join, with its query (15 % of connect and join); the check of all members' rights every 15
  seconds, whose statements were built anew for each room (0.6 of its cost now). Node's side of the
  comparison looks into two hash tables and no database, keeps no list of rooms in use and no attendance.
- **The upgrade** of a plain WebSocket handshake goes straight from the first bytes to the engine: 101 µs from
  the TCP connect to the open packet with 16 at once, where uvicorn, httptools and picows took 170.
- **Garbage**: a collection of all objects took 91 to 179 ms with 3,800 connections and found nothing. Young
  objects alone are collected (2 ms of CPU at most, with 10,000 connections and joins beside it; 11 ms once,
  as 9,800 connections ended at the same time), all objects only while few connections are open.
- **The start** was 1.2 s of CPU: compiling its own modules anew (0.15), rich, cryptography and others
  that libraries merely try (0.2), PostgreSQL's driver for SQLite, models of the OpenAPI document.
  SQLAlchemy's ORM, which its asynchronous part imports, is the largest that is left (0.05).
- **What did not help**: four descriptors of the listener instead of 16 (0.95 to 1.01 of a connect),
  TCP_DEFER_ACCEPT (0.995), picows's own parser on the real head (18 µs instead of 16), waiting up to 1 ms
  for the reader's answer instead of being woken by it (1.01 of the cost with it, since the switches of
  threads stay).
- **HTTP** began at 3.6 ms for a refresh and 3.9 for 50 rooms. A statement took 330 µs on SQLite, of which
  SQLite's own part is 20: four switches between threads (aiosqlite makes, executes, fetches and closes a
  cursor by a call each; one call does it now, and begins the transaction too) and SQLAlchemy's asynchronous
  execution, which statements that are built once in a module do without now: 70 µs. A transaction that does
  nothing took 200 µs of SQLAlchemy's pool and greenlets, 24 now. The route was one of sixty regular
  expressions, each tried twice: 125 µs, an index by method and path now. A column by its name costs 0.3 µs in
  SQLAlchemy's Row and 0.03 in a named tuple, which is 4 µs for a room; a room's JSON (9 µs) is kept.
  Of what a refresh takes now, 190 µs are the `fsync` of its commit, some 150 the three switches to the
  database's thread, 200 FastAPI and 120 the layers around it (45 the line in the log).
- **Left as it is**: `synchronous=NORMAL` would take 190 µs off each commit, and lose acknowledged ones in a
  power cut. One `fsync` for several transactions that wait (group commit) would share it among them, but
  has to be done beside SQLite, and publish what happened later. A request handler of our own in FastAPI's
  place would save less than the 200 µs, for a second definition of what a request is.
- **The 99th percentile over HTTP**: connections that ask again at once wait for each other's CPU, writers
  also for each other's `fsync` (1 to 2 ms of waiting here). That is what the profiles say; single requests
  were not traced. The list of all 10,000 rooms held the loop for 3 ms, once for 8.
- **The morning**: hashes run in threads, without the interpreter's lock, at a nice value of 1. Values of 5,
  10, 19 and `SCHED_IDLE` were tried beside other work: none gained what could be told from the noise (2 to
  5 ms at the 99th percentile in the rounds that nothing disturbed), and beside busy programs logins would
  hardly get any time.
- **The mix** pays for a wake-up of the event loop for each message beside the relay; the wake-up costs
  Node as much.

`make soak`, same machine, other work on it: 10,000 connections stood for ten minutes with 100 messages
a second between 100 of them. No connection and none of 59,999 messages was lost; median delay 0.32 ms,
240,105 heartbeats, 2.8 % of a core, 202 MB at first and at last.

{browsers}
## The first page over a slow line

What a stranger with an empty cache waits for the home page, in Chromium that slows its network down to these
rates with 150 ms of latency (`python -m bench.first_paint`, by hand, beside other work on the machine):

|  | before | now |
| --- | ---: | ---: |
| First paint, 1.6 Mbit/s | 5.44 s | 2.34 s |
| First paint, 750 kbit/s | 9.42 s | 2.85 s |
| Bytes | 627 KB | 150 KB |

Now the build compresses its files (brotli, and gzip for who cannot read it), and the call is a file of its
own, which home does not wait for. Three quarters of the script are React and React Aria.

## How it is measured

- **Two cores.** Both servers are pinned to one, the load generator to another. Slices are interleaved: a
  round is one slice of each server, the next round begins with the other one. The one that is not being
  measured rests.
- **CPU time** is that of the whole server process, user and system, all threads, from the kernel's clock of
  that process: what `/proc/<pid>/stat` says, in nanoseconds instead of ticks of 10 ms.
- **The generator** (Python, uvloop, picows) sends frames that were encoded ahead. Of each connection the
  first message that arrives is compared whole, the others by their length; one that does not come ends the
  measurement. Its share of its core stands below each table: a figure counts only while that is well below
  100 %.
- **The database** of Parlour (SQLite, in the measurements' own folder) holds accounts, sessions, rooms and
  admissions as if they had been made over HTTP. The Node server has no database: it reads who is admitted
  where into memory, keeps no list of rooms in use, and writes to peers directly instead of through its
  adapter. Where the two differ, it is in Node's favour.
- **Relay**: 50 rooms of two; whoever gets a message sends one back, so that 100 are on their way at any
  time. **Mix**: 2,000 messages a second at even intervals, every tenth a description; the delay is from
  just before `send` to the arrival in the generator.
- **Connect and join**: a slice is 100 rooms of four, 16 connections on the way at any time, from the TCP
  connect to the last `add-peer`.
- **Entry**: in 120 rooms three are in already; 60 times a second a fourth connects with a token that is new
  to the process, joins, offers to the three a few milliseconds apart, and gets their answers after 10 ms;
  each description is followed by 12 candidates in four bursts within 32 ms. The frames are those of
  Parlour's own web client (only the join asks for an acknowledgement). Entries overlap, the server is far
  from busy, and so most messages pay for a wake-up. Leaving is not measured. In each round some entries end
  after a step: the differences are the costs of the steps. Prepared entries are those of a client that asks
  in the lobby who is in (`prepare`) and joins with its offers, which Node's server knows nothing of: they
  stand beside its usual ones.
- **Rooms**: eight rooms with all but one of their members in them; that one joins and leaves, and the join is
  measured: the acknowledgement, and two messages for each member.
- **Idle**: memory is the growth of the resident set of a fresh server; a heartbeat is the server's ping and
  the pong, over one ping interval (15 s; Node's 25 s), less what the server takes at rest.
- **Storm**: 2,000 people in 500 rooms; the server is ended by SIGTERM and started again, and all of them
  connect and join in the same moment.
- **HTTP**: persistent connections that ask again at once, one to four of them; each of four waits for the
  other three, so the median is some four times the CPU. "Hash aside" leaves out the threads that hash
  passwords, which their lower priority tells apart, by the kernel's clock of each thread.
- **Morning**: 500 relays a second between ten pairs, for 20 seconds of 500 logins a minute that come as a
  Poisson process, each over a connection of its own. Server and hashes share one core.
{browser_method}
## How to repeat it

    make bench                                                    # everything, some {minutes:.0f} minutes
    make bench ARGS="--only candidates,mix --rounds 3 --seconds 2"   # a part, on the terminal alone

Other work on the machine shows in the shares below the tables, and in the spread of the ratios.
"""


def page(outcomes: Outcomes, circumstances: Circumstances) -> str:
    """Write the text of docs/performance.md."""
    tables = []
    for name, outcome in outcomes.items():
        workload = WORKLOADS[name]
        rows = [row(figure, outcome)[:-1] for figure in workload.figures]
        warnings = [f"**{caveat}**" for caveat in caveats(outcome)]
        rounds = " ".join([f"{len(outcome.rounds)} rounds; {shares(outcome)}.", *warnings])
        tables.append(f"### {workload.title}\n\n{markdown(head(outcome)[:-1], rows)}\n\n{rounds}")
    targets = [
        (
            one.title,
            f"{one.target:g} {one.unit}".rstrip(),
            f"{number(one.measured)} {one.unit}".rstrip(),
            "yes" if one.met else "**no**",
        )
        for one in all_verdicts(outcomes)
    ]
    drawn = plots(outcomes)
    alternatives = {RATIOS: "Ratios to Node, and the targets"} | {
        file: text for file, (text, _) in BARS.items()
    }
    pictures = {file: f"![{text}](images/{file})" for file, text in alternatives.items() if file in drawn}
    return _PAGE.format(
        ratios=pictures.pop(RATIOS, ""),
        bars="\n\n".join(pictures.values()),
        circumstances="\n".join(f"- {line}" for line in circumstances.lines()),
        targets=markdown(("ratio to Node, if without a unit", "at most", "measured", "met"), targets),
        tables="\n\n".join(tables),
        browsers=browser_page.notes(drawn),
        browser_method=browser_page.METHOD,
        minutes=circumstances.minutes,
    )


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def plots(outcomes: Outcomes) -> dict[str, str]:
    """Draw the charts, as SVG by file name; a partial run leaves out charts without figures."""
    ratios = [
        chart.Ratio(figure.title, found.median, found.low, found.high, figure.target)
        for name, outcome in outcomes.items()
        for figure in WORKLOADS[name].figures
        if outcome.reference == NODE
        if figure.target is not None and (found := outcome.ratio(figure.key)) is not None
    ]
    made = {RATIOS: chart.ratios("Parlour / Node's socket.io (less is better)", ratios)} if ratios else {}
    made |= browser_page.plots(outcomes)
    for file, (title, chosen) in BARS.items():
        rows = [(label, pair) for name, key, label in chosen if (pair := _pair(outcomes, name, key))]
        if rows:
            made[file] = chart.bars(title, rows)
    return made


def _pair(outcomes: Outcomes, name: str, key: str) -> dict[str, float] | None:
    if name not in outcomes:
        return None
    found = {server: outcomes[name].of(server, key) for server in (PARLOUR, NODE)}
    return {server: one.median for server, one in found.items() if one is not None}
