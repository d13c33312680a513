"""The configuration of LiveKit (https://docs.livekit.io/home/self-hosting/deployment). Pure."""

import json
from typing import Any

from parlour.sfu.options import (
    API_ADDRESS,
    DEPARTURE_SECONDS,
    EMPTY_SECONDS,
    KEY,
    IpAddress,
    SfuOptions,
)

_NO_STUN_SERVER = f"{API_ADDRESS}:9"
"""Without any, LiveKit names servers of Google and Twilio to its clients. Ours are told what to use by us."""


def livekit_configuration(options: SfuOptions, *, address: IpAddress) -> str:
    """Write its configuration as JSON, which is YAML. Browsers are to send media to `address`.

    The secret is in it, so nobody else may read the file. LiveKit ends at a name that it does not know.
    """
    return json.dumps(
        {
            "port": options.api_port,
            "bind_addresses": [API_ADDRESS],
            "keys": {KEY: options.secret},
            "rtc": _ways_of_media(options, address),
            "turn": {"enabled": False},
            "room": {
                "auto_create": False,
                "empty_timeout": EMPTY_SECONDS,
                "departure_timeout": DEPARTURE_SECONDS,
            },
            **({"webhook": {"api_key": KEY, "urls": [options.webhook_url]}} if options.webhook_url else {}),
            "logging": {"json": True, "level": "info", "pion_level": "error"},
        },
        indent=2,
    )


def _ways_of_media(options: SfuOptions, address: IpAddress) -> dict[str, Any]:
    ways: dict[str, Any] = {
        "udp_port": options.udp_port,
        "tcp_port": options.tcp_port,
        "use_external_ip": False,
        "node_ip": str(address),
        "stun_servers": [_NO_STUN_SERVER],
    }
    if options.is_local:  # its TCP port would listen at all addresses
        ways |= {"tcp_port": 0, "enable_loopback_candidate": True, "ips": {"includes": [f"{address}/32"]}}
    return ways
