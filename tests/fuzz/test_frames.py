"""Frames that no client would send, to the real signaling: nothing fails or leaks, and others go on unharmed.

The whole server without its sockets: frames go to the sessions of its engine. `make fuzz` (FUZZ=full) sends
at least 100,000 in each of the two tests.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from parlour.accounts.identity import RequestSource
from parlour.app import Parlour
from parlour.db.migrate import migrate
from parlour.engine import Handshake
from parlour.engine.session import TransportSession
from parlour.settings import Settings
from parlour.wire.signaling import CLIENT_EVENTS, LEGACY_DESCRIPTION_EVENT, SERVER_EVENTS
from tests.people import PASSWORD, ROOM_PASSWORD
from tests.unit.engine.memory import MemoryTransport

FRAMES = int(os.environ.get("FUZZ_FRAMES", "100000" if os.environ.get("FUZZ") == "full" else "2000"))
"""At least so many are sent."""
EXAMPLES_PER_ROUND = 5
FRAMES_PER_EXAMPLE = 60
SOURCE = RequestSource(address="192.0.2.66", device="a test")
ROOM = "Garden"
KNOWN = {*SERVER_EVENTS, LEGACY_DESCRIPTION_EVENT}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
texts = st.text(max_size=20) | st.sampled_from(["v=0\r\n", "candidate:1", ROOM, "PEER", "x" * 5000, "\0"])
payloads = json_values | st.fixed_dictionaries(
    {},
    optional={
        "peerID": texts | json_values,
        "room": texts | json_values,
        "message": texts | json_values,
        "message_id": texts,
        "topologies": st.lists(texts, max_size=6) | json_values,
        "attempt": texts | json_values,
        "epoch": texts | json_values,
        "state": st.sampled_from(["published", "failed", "gone"]) | json_values,
        "sessionDescription": json_values
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["offer", "answer", "rollback", "x"]), "sdp": texts}
        ),
        "iceCandidate": json_values
        | st.fixed_dictionaries({"candidate": texts}, optional={"sdpMid": json_values}),
    },
)
names = st.sampled_from([*CLIENT_EVENTS, *SERVER_EVENTS]) | st.text(max_size=10)
events = st.builds(
    lambda ack, name, arguments: f"42{ack}{json.dumps([name, *arguments])}",
    st.sampled_from(["", "0", "7", "99999999999999999999"]),
    names,
    st.lists(payloads, max_size=2),
)
lines = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=40)
descriptions = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["offer", "answer", "pranswer"]),
        "sdp": lines.map(lambda line: f"v=0\r\ns={line}"),
    }
)
candidates = st.fixed_dictionaries(
    {"candidate": lines.map("candidate:{}".format)},
    optional={"sdpMid": lines | st.none(), "sdpMLineIndex": st.integers(0, 9), "usernameFragment": lines},
)
peers = st.sampled_from(["PEER", "PEER", "nobody"])
topologies = st.lists(st.sampled_from(["mesh", "sfu", "quic"]), max_size=4)
sound = st.builds(
    lambda ack, event: f"42{ack}{json.dumps(event)}",
    st.sampled_from(["", "0", "7"]),
    st.tuples(
        st.just("offer-sdp"), st.fixed_dictionaries({"peerID": peers, "sessionDescription": descriptions})
    )
    | st.tuples(st.just("offer-ice"), st.fixed_dictionaries({"peerID": peers, "iceCandidate": candidates}))
    | st.tuples(st.just("chat-message"), st.fixed_dictionaries({"message": lines.filter(bool)}))
    | st.tuples(st.just("ban-peer"), st.fixed_dictionaries({"peerID": peers}))
    | st.tuples(
        st.just("join"),
        st.fixed_dictionaries(
            {"room": st.just(ROOM)},
            optional={
                "resume": lines,
                "resumable": st.booleans(),
                "known": st.lists(peers, max_size=3),
                "received": st.integers(0),
                "offers": st.lists(
                    st.fixed_dictionaries({"peerID": peers, "sessionDescription": descriptions}), max_size=3
                ),
                "topologies": topologies,
                "attempt": st.sampled_from(["first", "second"]),
                "memberKey": st.sampled_from(["B" * 87, "B" * 86]),
            },
        ),
    )
    | st.tuples(
        st.just("sender-key"),
        st.fixed_dictionaries(
            {"peerID": peers, "epoch": st.just("1-1"), "number": st.integers(0, 20)},
            optional={"key": st.just("A" * 80)},
        ),
    )
    | st.tuples(
        st.just("prepare"),
        st.fixed_dictionaries({"room": st.just(ROOM)}, optional={"topologies": topologies}),
    )
    | st.tuples(
        st.just("topology-state"),
        st.fixed_dictionaries(
            {"state": st.sampled_from(["published", "receiving", "failed", "lowest", "not-lowest"])},
            optional={"epoch": st.sampled_from(["0-1", "1-1", "9-99"]) | lines.filter(bool)},
        ),
    )
    | st.tuples(st.sampled_from(["leave", "username"]), json_values),
)
"""What an honest client could send: most of it is carried out."""
packets = st.sampled_from(
    [
        "40",
        '40{"token":"x"}',
        "40/admin,",
        "41",
        "42",
        "42[]",
        "43[]",
        "430[1]",
        "44{}",
        "1",
        "2",
        "3",
        "5",
        "6",
    ]
) | st.builds(
    lambda kind, count, rest: f"4{kind}{count}-{rest}",
    st.sampled_from("56"),
    st.integers(0, 10**12),
    st.text(max_size=10),
)
frames = sound | events | packets | st.text(max_size=30) | st.binary(max_size=30)


def mutants(frame: str | bytes) -> Iterator[str | bytes]:
    """The frame, and what becomes of it on a bad day."""
    yield frame
    if isinstance(frame, bytes):
        yield frame * 2
        yield frame[: len(frame) // 2]
        return
    if frame.startswith("42"):  # still JSON, so that the session lives on
        yield frame.replace("PEER", "nobody")
        yield frame.replace('":', 'x":', 1)
        yield re.sub(r'(?<=": )"[^"]*"', "null", frame)
        yield re.sub(r'(?<=": ")', "\N{COMBINING ACUTE ACCENT}\N{GRINNING FACE}", frame)
    half = len(frame) // 2
    yield frame[:half]
    yield frame[half:]
    yield frame + frame
    yield frame.replace('"', "", 1)
    yield frame.replace("{", "[", 1)
    yield frame[:half] + "\0" + frame[half:]
    yield "42" + frame


class Town:
    """Ann and Bob are in a call; Mallory's session is opened anew whenever the server has closed it."""

    def __init__(self, parlour: Parlour) -> None:
        self.parlour = parlour
        self.sent = 0

    async def begin(self) -> None:
        parlour = self.parlour
        await migrate(parlour.core.database)
        tokens = {}
        for name in ("annie", "bobby", "mallory"):
            email = f"{name}@example.org"
            await parlour.accounts.registration.create_client(email=email, username=name, password=PASSWORD)
            logged_in = await parlour.accounts.sessions.log_in(
                username_or_email=name, password=PASSWORD, source=SOURCE
            )
            tokens[name] = logged_in.access_token
            if name == "annie":
                await parlour.rooms.service.create(
                    logged_in.identity,
                    name=ROOM,
                    password=ROOM_PASSWORD,
                    description="",
                    source=SOURCE,
                    creator=name,
                )
            await parlour.rooms.service.give_password(
                logged_in.identity, name=ROOM, password=ROOM_PASSWORD, source=SOURCE
            )
        self._token = tokens["mallory"]
        self.ann = await self._enter(tokens["annie"])
        self.bob = await self._enter(tokens["bobby"])
        self.bob_peer = _joined_as(self.bob[1])

    def _open(self) -> tuple[TransportSession, MemoryTransport]:
        transport = MemoryTransport()
        return self.parlour.calls.engine.sessions.open(transport, Handshake("192.0.2.66")), transport

    async def _enter(self, token: str) -> tuple[TransportSession, MemoryTransport]:
        session, transport = self._open()
        session.receive_text(transport, "40" + json.dumps({"token": token}))
        await self.settled()
        session.receive_text(transport, f'421["join",{{"room":"{ROOM}"}}]')
        await self.settled()
        assert any(packet.startswith(b"431[") for packet in _bytes(transport)), transport.sent
        return session, transport

    async def settled(self) -> None:
        """What the server does for a frame, the database included, has been done."""
        async with asyncio.timeout(120):
            while True:
                for _ in range(5):
                    await asyncio.sleep(0)
                running = self.parlour.calls.engine.sessions._tasks
                if not running:
                    return
                await asyncio.wait(running)

    async def attack(self, drawn: list[str | bytes], *, inside: bool) -> None:
        session, transport = await self._enter(self._token) if inside else self._open()
        for frame in (mutant for one in drawn for mutant in mutants(one)):
            if transport.closed is not None:
                session, transport = await self._enter(self._token) if inside else self._open()
            self.sent += 1
            if self.sent % 50 == 0:
                self.stays()
            if isinstance(frame, bytes):
                session.receive_binary(transport, frame)
            else:
                session.receive_text(transport, frame.replace("PEER", self.bob_peer))
            await asyncio.sleep(0)
        if transport.closed is None:
            session.transport_lost(transport)
        await self.settled()

    def stays(self) -> None:
        """Ann and Bob answer the server's pings, however long this takes."""
        for session, transport in (self.ann, self.bob):
            session.receive_text(transport, "3")

    async def expects_peace(self) -> None:
        """The two hear each other, got nothing that is no message, and nothing else is left."""
        for _, transport in (self.ann, self.bob):
            assert transport.closed is None
            for packet in _bytes(transport):
                if packet.startswith(b"42"):
                    assert json.loads(packet[2:])[0] in KNOWN, packet
            transport.take()
        session, transport = self.ann
        session.receive_text(
            transport,
            f'42["offer-ice",{{"peerID":"{self.bob_peer}","iceCandidate":{{"candidate":"candidate:1"}}}}]',
        )
        assert any(b'"ice-candidate"' in packet for packet in _bytes(self.bob[1]))
        counters = self.parlour.calls.engine.counters()
        assert (counters.sessions, counters.connections, counters.failed_handlers) == (2, 2, 0)


def _joined_as(transport: MemoryTransport) -> str:
    """The peer id in the acknowledgement of the join."""
    [packet] = [packet for packet in _bytes(transport) if packet.startswith(b"431[")]
    [answer] = json.loads(packet[3:])
    return str(answer["peerID"])


def _bytes(transport: MemoryTransport) -> list[bytes]:
    return [packet for packet in transport.sent if isinstance(packet, bytes)]


@pytest.mark.parametrize("inside", [True, False], ids=["in the call", "without identity"])
def test_no_frame_fails_leaks_or_harms(tmp_path: Path, *, inside: bool) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, capture_logs() as logs:
        parlour = Parlour(Settings(data_dir=tmp_path), port=8000)
        town = Town(parlour)
        runner.run(town.begin())

        @settings(
            max_examples=EXAMPLES_PER_ROUND,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # after a failure the same world is no longer the same
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(frames, min_size=FRAMES_PER_EXAMPLE, max_size=FRAMES_PER_EXAMPLE))
        def play(drawn: list[str | bytes]) -> None:
            async def example() -> None:
                await town.attack(drawn, inside=inside)
                await town.expects_peace()

            runner.run(example())

        while town.sent < FRAMES:
            play()
        counters = parlour.calls.engine.counters()
        errors: list[Any] = [entry for entry in logs if entry["log_level"] in ("error", "critical")]
        runner.run(end(parlour))
    sys.stdout.write(
        f"{town.sent} frames in {counters.opened} sessions: {counters.events} events that were understood, "
        f"{counters.refused_events} that were refused\n"
    )
    assert errors == []
    assert town.sent >= FRAMES


async def end(parlour: Parlour) -> None:
    await parlour.calls.engine.close()
    parlour.accounts.passwords.close()
    await parlour.core.database.close()
