"""The id of a LiveKit among those that share a Redis: rooms are then opened where their URL says.

LiveKit says it to nobody but workers of agents (https://docs.livekit.io/agents), so this registers as one for
a moment. Agents with a name get no work of their own accord.
"""

import asyncio
from typing import TYPE_CHECKING

from parlour.sfu.options import SfuAccess

if TYPE_CHECKING:
    from aiohttp import ClientSession

WITHIN_SECONDS = 2.0
MOST_BYTES = 16 * 1024
AGENT_NAME = "parlour-asks-for-the-node"


async def node_of(access: SfuAccess) -> str | None:
    """Ask a LiveKit for its id, which is another one after each start. Return None if it does not say it.

    A proxy before it may let no agents through. LiveKit's library has to be loaded already.
    """
    from aiohttp import ClientError, ClientSession
    from google.protobuf.message import DecodeError

    try:
        async with asyncio.timeout(WITHIN_SECONDS), ClientSession() as session:
            return await _ask(session, access)
    except (ClientError, DecodeError, OSError, TimeoutError, TypeError):  # TypeError: it sent no bytes
        return None


async def _ask(session: "ClientSession", access: SfuAccess) -> str | None:
    from livekit.api import AccessToken, VideoGrants
    from livekit.protocol.agent import RegisterWorkerRequest, ServerMessage, WorkerMessage

    token = AccessToken(access.key, access.secret).with_grants(VideoGrants(agent=True)).to_jwt()
    headers = {"Authorization": f"Bearer {token}"}
    request = WorkerMessage(register=RegisterWorkerRequest(agent_name=AGENT_NAME, version="1"))
    async with session.ws_connect(f"{access.url}/agent", headers=headers, max_msg_size=MOST_BYTES) as socket:
        await socket.send_bytes(request.SerializeToString())
        answer = ServerMessage.FromString(await socket.receive_bytes())
        return answer.register.server_info.node_id or None
