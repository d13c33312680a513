"""Seed scripts: each way through the engine once, for coverage-guided fuzzing to start from."""

from tests.fuzz.script import SEPARATOR, Act


def _script(*parts: bytes | int) -> bytes:
    return SEPARATOR.join(bytes([part]) if isinstance(part, int) else part for part in parts)


def _pass(seconds: int) -> bytes:
    return bytes([Act.TIME, seconds])


_GOOD = b'40{"token":"good"}'
_SLOW = b'40{"token":"slow"}'
_POLLING = bytes([Act.POLLING])
_ICE = (
    b'42["offer-ice",{"peerID":"ann","iceCandidate":{"candidate":"candidate:1 1 udp 2 192.0.2.1 5 typ host",'
    b'"sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"a"}}]'
)
_SDP = (
    b'421["offer-sdp",{"peerID":"bob","sessionDescription":'
    b'{"type":"offer","sdp":"v=0\\r\\no=- 1 2 IN IP4 0\\r\\n"}}]'
)
_JOIN = (
    b'422["join",{"room":"Garden","username":"x","resumable":true,"resume":"a.b","known":["c"],"received":3}]'
)
_CHAT = b'42["chat-message",{"message":"hello","message_id":"a-1"}]'

SEEDS = {
    "relay": _script(_GOOD, _ICE, _SDP, _ICE, b"3", b"1"),
    "chat": _script(_GOOD, _CHAT, b"430[1]", _CHAT, _CHAT, _CHAT, b'431["x"]'),
    "queue": _script(_GOOD, _JOIN, _ICE, _SDP, Act.DONE, _JOIN, b'42["leave"]', b'42["x"]', _ICE, _ICE, _ICE),
    "queue that is full": _script(_GOOD, _JOIN, *[_ICE] * 6),
    "slow": _script(_SLOW, _ICE, _GOOD, Act.DONE, b'42["username","mallory"]'),
    "slow and gone": _script(_SLOW, Act.LOST, Act.DONE, _GOOD, _JOIN, Act.LOST),
    "waits": _script(b"40", _pass(16), b"3", _pass(16), b"3", _pass(3), _GOOD),
    "refused": _script(b'40{"token":"bad"}', b"40[]", b'40{"token":1}', b"40/nowhere,", _GOOD),
    "namespaces": _script(
        _GOOD,
        b'40/admin,{"token":"good"}',
        b'42/admin,7["leave"]',
        b"41/admin,",
        b'42/admin,["leave"]',
        b"41",
    ),
    "binary": _script(
        _GOOD,
        b'451-["offer-ice",{"_placeholder":true,"num":0}]',
        bytes([Act.BINARY, 1, 2]),
        b'461-3["a"]',
        b"\x02x",
    ),
    "surrogates": _script(
        _GOOD, b'42["chat-message",{"message":"\\ud800"}]', b'42["\\ud800",1]', b"42[1e999]"
    ),
    "banned": _script(_GOOD, b'429["ban-peer",{"peerID":"x"}]', _ICE, b"40", _pass(50)),
    "heartbeat": _script(_GOOD, _pass(16), b"3", _pass(16), _pass(11), _GOOD),
    "polling": _script(_POLLING, _GOOD, Act.GET, _ICE + b"\x1e" + _CHAT, Act.GET, Act.GET, b"bAAEC", Act.GET),
    "polling in silence": _script(_POLLING, _GOOD, Act.GET, Act.GET, _pass(26)),
    "two polls": _script(_POLLING, _GOOD, Act.GET, Act.GET, Act.GET, Act.GET),
    "slow reader": _script(_POLLING, _GOOD, *[b"\x1e".join([b'42["leave"]'] * 100)] * 6),
    "too large": _script(_POLLING, bytes([Act.POST]) + b"4" * 2_100),
    "upgrade": _script(_POLLING, _GOOD, Act.GET, Act.UPGRADE, b"2probe", Act.GET, b"5", _ICE, b"3"),
    "upgrade that waits": _script(_POLLING, _GOOD, Act.UPGRADE, b"2probe", _pass(12), Act.UPGRADE, b"5"),
    "upgrade that is lost": _script(_POLLING, _GOOD, Act.UPGRADE, b"2probe", Act.LOST, Act.GET, _pass(30)),
    "many": _script(*[bytes([Act.WEBSOCKET]), _GOOD] * 5, _POLLING, _ICE),
    "queries": _script(
        b"\x03EIO=3&transport=polling",
        b"\x03EIO=4&transport=x",
        b"\x03sid=x&transport=polling",
        b"\x0btransport=polling",
    ),
}
