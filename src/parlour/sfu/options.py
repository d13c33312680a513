"""Options of the SFU beside Parlour: its ports, its address and its secret. Pure."""

from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address

from parlour.sfu_link import SfuNumber

IpAddress = IPv4Address | IPv6Address

API_ADDRESS = "127.0.0.1"
"""Where the API of an SFU beside Parlour listens."""
WEBHOOK_PATH = "/livekit/webhook"
KEY = "parlour"
"""The name of the only key, by whose secret tokens are signed."""
EMPTY_SECONDS, DEPARTURE_SECONDS = 60, 20
"""The time after which LiveKit forgets a room that nobody has come to, and one that everybody has left."""
DRAINED_SECONDS = 365 * 86_400
"""The time after which LiveKit forgets that it is drained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SfuOptions:
    """An SFU of this machine.

    Its API listens at `api_port` of 127.0.0.1 alone. Browsers send media to `address`, at `udp_port`, or at
    `tcp_port` where UDP is blocked. `address` None means this machine's address towards the internet. With
    `is_local`, it is reached from this machine alone. It tells `webhook_url` what happens, if there is one.
    """

    secret: str
    api_port: int
    udp_port: int
    tcp_port: int
    address: IpAddress | None
    is_local: bool
    webhook_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SfuAccess:
    """How Parlour reaches an SFU: `url` is http:// or https://, and has no slash at its end.

    `name` is the same on all nodes that mean the same SFU; `is_here` is True for one of this machine.
    """

    name: str
    url: str
    key: str
    secret: str
    is_here: bool = False

    @property
    def number(self) -> SfuNumber:
        return SfuNumber(int.from_bytes(sha256(self.name.encode()).digest()[:4]))

    @property
    def label(self) -> str:
        """Return the number as paths and the metadata of rooms have it: 8 hexadecimal digits."""
        return f"{self.number:08x}"

    @property
    def drain_mark(self) -> str:
        """Return the name of the room whose presence on the SFU says that it is drained.

        So all servers see it at their next look, none has to remember it, and a LiveKit without Redis has
        lost it when it is started again.
        """
        return f"drained-{self.label}"
