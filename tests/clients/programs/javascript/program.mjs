// An ordinary program of the JavaScript client; README.md beside its folder says what it does.
// Usage: node program.mjs <package of the client> <url> <transport> <token> <room>
const [library, url, transport, token, room] = process.argv.slice(2);
const { io } = await import(library);

const TRANSPORTS = {
  websocket: ["websocket"],
  polling: ["polling"],
  upgrade: ["polling", "websocket"],
};
const SDP = "v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\ns=Grüße 👋\r\nt=0 0\r\n";
const CANDIDATE = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host";

const tell = (is, more) => process.stdout.write(`${JSON.stringify({ is, ...more })}\n`);

const socket = io(url, {
  transports: TRANSPORTS[transport],
  auth: { token },
  reconnectionDelay: 100,
  reconnectionDelayMax: 200,
});

function describe(peerID, type) {
  socket.emit("offer-sdp", { peerID, sessionDescription: { type, sdp: SDP } });
  const iceCandidate = { candidate: CANDIDATE, sdpMid: "0", sdpMLineIndex: 0, usernameFragment: "ufrag" };
  socket.emit("offer-ice", { peerID, iceCandidate });
}

socket.on("connect", () => {
  socket.emit("join", { room }, ({ ok, peers }) => tell("joined", { ok, peers: peers.length }));
});
socket.on("connect_error", ({ message }) => tell("trouble", { message }));
socket.on("disconnect", () => tell("lost"));

socket.on("add-peer", ({ peerID, peerUsername, createOffer }) => {
  tell("met", { peer: peerUsername, createOffer });
  if (createOffer) describe(peerID, "offer");
});
socket.on("session-description", ({ peerID, peerUsername, sessionDescription }) => {
  tell("description", { peer: peerUsername, ...sessionDescription });
  if (sessionDescription.type === "offer") describe(peerID, "answer");
});
socket.on("ice-candidate", ({ iceCandidate }) => tell("candidate", iceCandidate));
socket.on("remove-peer", ({ peerUsername }) => tell("gone", { peer: peerUsername }));
socket.on("refused", ({ event, code }) => tell("refused", { event, code }));

socket.on("chat-message", ({ username, message }) => {
  tell("chat", { peer: username, message });
  if (message !== "bye") {
    socket.emit("chat-message", { message: `${message} 👋` }, ({ ok }) => tell("sent", { ok }));
    return;
  }
  socket.emit("leave", ({ ok }) => {
    tell("left", { ok });
    socket.disconnect();
  });
});
