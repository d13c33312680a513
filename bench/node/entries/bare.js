// The floor: the same browser, the same media, and nothing but RTCPeerConnection and a relay of descriptions. The
// newcomer's offers are made and gathered before the click, as the lobby does it.
const { mark } = window.entry;
const video = { width: 640, height: 360, frameRate: 30 };
const connections = new Map();
let relay;
let stream;
let certificate;

function connect(peer) {
  const connection = new RTCPeerConnection({ certificates: [certificate] });
  connections.set(peer, connection);
  const tile = document.body.appendChild(document.createElement("video"));
  Object.assign(tile, { autoplay: true, muted: true });
  connection.addEventListener("track", ({ streams }) => {
    tile.srcObject ??= streams[0];
  });
  connection.addEventListener("connectionstatechange", () => {
    if (connection.connectionState !== "closed") return;
    tile.remove();
  });
  for (const track of stream.getTracks()) connection.addTrack(track, stream);
  return connection;
}

/** Resolves once the description holds all candidates, so that it is the only message. */
async function gathered(connection) {
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== "complete") {
    await new Promise((resolve) =>
      connection.addEventListener("icegatheringstatechange", resolve, { once: true }),
    );
  }
  return connection.localDescription;
}

function send(to, message) {
  relay.send(JSON.stringify({ to, ...message }));
}

async function receive({ from, description, left }) {
  if (left) {
    connections.get(from)?.close();
    connections.delete(from);
    return;
  }
  mark("description received");
  if (description.type === "answer") {
    await connections.get(from).setRemoteDescription(description);
    return;
  }
  const connection = connect(from);
  await connection.setRemoteDescription(description);
  send(from, { description: await gathered(connection) });
}

/** Opens the devices and the relay. */
window.prepare = async (name) => {
  stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
  certificate = await RTCPeerConnection.generateCertificate({ name: "ECDSA", namedCurve: "P-256" });
  relay = new WebSocket(`ws://${location.host}/?${name}`);
  relay.addEventListener("message", ({ data }) => receive(JSON.parse(data)));
  await new Promise((resolve) => relay.addEventListener("open", resolve));
};

/** Makes the offers to these peers; the click sends them. */
window.offer = async (peers) => {
  const offers = await Promise.all(peers.map((peer) => gathered(connect(peer))));
  document.querySelector("button").addEventListener("click", () => {
    peers.forEach((peer, index) => send(peer, { description: offers[index] }));
    mark("join sent");
  });
};
