"""An ordinary program of python-socketio; README.md beside its folder says what it does.

Usage: python program.py <url> <transport> <token> <room>
"""

import asyncio
import json
import sys
from typing import Any

import socketio

TRANSPORTS = {"websocket": ["websocket"], "polling": ["polling"], "upgrade": ["polling", "websocket"]}
SDP = "v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\ns=Grüße 👋\r\nt=0 0\r\n"
CANDIDATE = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host"


def tell(happened: str, **more: Any) -> None:
    sys.stdout.write(json.dumps({"is": happened, **more}) + "\n")
    sys.stdout.flush()


class Program:
    def __init__(self, room: str) -> None:
        self._room = room
        self._socket = socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.2)
        self._socket.on("connect", self._join)
        self._socket.on("connect_error", lambda message=None: tell("trouble", message=message))
        self._socket.on("disconnect", lambda reason: tell("lost"))
        self._socket.on("add-peer", self._meet)
        self._socket.on("session-description", self._hear_description)
        self._socket.on("ice-candidate", lambda event: tell("candidate", **event["iceCandidate"]))
        self._socket.on("remove-peer", lambda event: tell("gone", peer=event["peerUsername"]))
        self._socket.on("refused", lambda event: tell("refused", event=event["event"], code=event["code"]))
        self._socket.on("chat-message", self._chat)

    async def run(self, url: str, transport: str, token: str) -> None:
        await self._socket.connect(url, auth={"token": token}, transports=TRANSPORTS[transport])
        await self._socket.wait()

    async def _join(self) -> None:
        answer = await self._socket.call("join", {"room": self._room})
        tell("joined", ok=answer["ok"], peers=len(answer["peers"]))

    async def _meet(self, event: dict[str, Any]) -> None:
        tell("met", peer=event["peerUsername"], createOffer=event["createOffer"])
        if event["createOffer"]:
            await self._describe(event["peerID"], "offer")

    async def _hear_description(self, event: dict[str, Any]) -> None:
        tell("description", peer=event["peerUsername"], **event["sessionDescription"])
        if event["sessionDescription"]["type"] == "offer":
            await self._describe(event["peerID"], "answer")

    async def _describe(self, peer: str, kind: str) -> None:
        description = {"type": kind, "sdp": SDP}
        await self._socket.emit("offer-sdp", {"peerID": peer, "sessionDescription": description})
        candidate = {"candidate": CANDIDATE, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "ufrag"}
        await self._socket.emit("offer-ice", {"peerID": peer, "iceCandidate": candidate})

    async def _chat(self, event: dict[str, Any]) -> None:
        tell("chat", peer=event["username"], message=event["message"])
        if event["message"] != "bye":
            answer = await self._socket.call("chat-message", {"message": f"{event['message']} 👋"})
            tell("sent", ok=answer["ok"])
            return
        answer = await self._socket.call("leave")
        tell("left", ok=answer["ok"])
        await self._socket.disconnect()


if __name__ == "__main__":
    url, transport, token, room = sys.argv[1:]
    asyncio.run(Program(room).run(url, transport, token))
