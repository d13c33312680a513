"""A server whose TURN server browsers on this machine use."""

from pathlib import Path

from parlour.turn.uri import IceUri
from tests.conftest import StartServer
from tests.integration.server.test_turn import settings as turn_settings
from tests.servers import ParlourServer
from tests.servers.turn import answers


async def relaying(start: StartServer, folder: Path, **more: str | int) -> ParlourServer:
    """A server with TURN over UDP and TCP. Its certificate would be one that no browser trusts."""
    chosen = turn_settings(folder, "parlour")
    for name in ("CERT", "KEY", "QUOTA"):  # the quota of those tests is smaller than what a call may take
        del chosen[f"PARLOUR_TURN_{name}"]
    server = await start({**chosen, **more})
    await answers(IceUri(True, "127.0.0.1", int(chosen["PARLOUR_TURN_PORT"]), "udp"))
    return server
