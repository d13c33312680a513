"""In calls whose media are relayed, nobody is told of another address than that of a relay."""

import dataclasses
import time

import msgspec
import pytest
from msgspec import Raw

from parlour.calls.refusals import InvalidPayload
from parlour.calls.relay_only import RelayOnly
from parlour.wire.sdp import MAX_SDP_LENGTH, IceCandidate, SessionDescription
from parlour.wire.signaling import CandidateFromPeer, DescriptionFromPeer, PeerId
from tests.unit.calls.example_rooms import example_room

PEER = PeerId("p")
OPEN, RELAYED = example_room(1), dataclasses.replace(example_room(2), is_relay_only=True)
RELAY = "candidate:9 1 udp 33562367 203.0.113.5 50004 typ relay raddr 198.51.100.9 rport 61234 generation 0"
SHOWN = "candidate:9 1 udp 33562367 203.0.113.5 50004 typ relay raddr 0.0.0.0 rport 0 generation 0"
HOST = "candidate:1 1 udp 2122260223 10.1.2.3 54321 typ host generation 0"
OTHERS = (
    HOST,
    "candidate:2 1 udp 1686052607 198.51.100.9 54321 typ srflx raddr 10.1.2.3 rport 54321",
    "candidate:3 1 udp 2113937151 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 51900 typ host",
    "candidate:4 1 tcp 1518280447 10.1.2.3 9 typ host tcptype active",
    "candidate:5 1 udp 1 10.1.2.3 9 typ relayed",
    "candidate:6",
)
SDP = """v=0
o=alice 4611731400430051336 2 IN IP4 10.1.2.3
s=-
t=0 0
m=audio 54321 UDP/TLS/RTP/SAVPF 111
c=IN IP6 2001:db8::7
a=rtcp:54322 IN IP4 10.1.2.3
a=ice-ufrag:4ZcD
{candidates}
a=end-of-candidates
a=fingerprint:sha-256 19:E2
a=candidate:8 1 udp 1 10.1.2.3 9 typ host""".replace("\n", "\r\n")
SHOWN_SDP = """v=0
o=alice 4611731400430051336 2 IN IP4 0.0.0.0
s=-
t=0 0
m=audio 54321 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=rtcp:54322 IN IP4 0.0.0.0
a=ice-ufrag:4ZcD
a={shown}
a=end-of-candidates
a=fingerprint:sha-256 19:E2
""".replace("\n", "\r\n").format(shown=SHOWN)


def candidate(text: str) -> CandidateFromPeer:
    return CandidateFromPeer(PEER, IceCandidate(text, "0", 0, "4ZcD"))


def description(sdp: str) -> DescriptionFromPeer:
    return DescriptionFromPeer(PEER, "ann", SessionDescription("offer", Raw(msgspec.json.encode(sdp))))


def sdp_of(message: object) -> str:
    assert isinstance(message, DescriptionFromPeer)
    return msgspec.json.decode(message.session_description.sdp, type=str)


@pytest.mark.parametrize("prefix", ["", "a="])
def test_candidates(prefix: str) -> None:
    rule = RelayOnly()
    assert rule.passed_on(candidate(prefix + RELAY), RELAYED) == candidate(prefix + SHOWN)
    assert rule.passed_on(candidate(""), RELAYED) == candidate(""), "the end of the candidates"
    for text in OTHERS:
        assert rule.passed_on(candidate(prefix + text), RELAYED) is None, text
        assert rule.passed_on(candidate(prefix + text), OPEN) == candidate(prefix + text)


def test_a_server_may_have_all_calls_relayed() -> None:
    assert RelayOnly(everywhere=True).passed_on(candidate(HOST), OPEN) is None


def test_descriptions() -> None:
    lines = "\r\n".join(f"a={one}" for one in (*OTHERS[:3], RELAY, *OTHERS[3:]))
    sent = description(SDP.format(candidates=lines))
    shown = RelayOnly().passed_on(sent, RELAYED)
    assert sdp_of(shown) == SHOWN_SDP
    assert sdp_of(RelayOnly().passed_on(description(SHOWN_SDP), RELAYED)) == SHOWN_SDP
    assert RelayOnly().passed_on(sent, OPEN) is sent
    assert sdp_of(RelayOnly().passed_on(description(""), RELAYED)) == "", "a rollback"


def test_what_is_no_text_is_refused() -> None:
    broken = DescriptionFromPeer(PEER, "ann", SessionDescription("offer", Raw(b'"v=0\\r\\n\\ud800"')))
    with pytest.raises(InvalidPayload):
        RelayOnly().passed_on(broken, RELAYED)


@pytest.mark.parametrize(
    "repeated",
    [
        f"a={HOST}\r\n",
        f"a={RELAY}\r\n",
        "c=IN IP4 1\n",
        "a=candidate:",
        " raddr 1",
        "o= IN IP4",
        "a=candidate:\n",
    ],
)
def test_the_worst_descriptions_take_a_time_in_proportion_to_their_length(repeated: str) -> None:
    """Eight times the length takes eight times as long; what looks back at all before would take 64 times."""

    def seconds(length: int) -> float:
        sent, took = description(repeated * (length // len(repeated))), []
        for _ in range(5):
            began = time.process_time()
            RelayOnly().passed_on(sent, RELAYED)
            took.append(time.process_time() - began)
        return min(took)

    assert seconds(MAX_SDP_LENGTH) < 24 * seconds(MAX_SDP_LENGTH // 8)
