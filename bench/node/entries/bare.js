// The floor: the same browser, the same media, and nothing but RTCPeerConnection and a relay of descriptions. The
// newcomer's offers are made and gathered before the click, as the lobby does it. The pictures are as many and as
// large as in a call, since browsers draw on the cores that are measured.
const { mark } = window.entry;
const video = { width: 640, height: 360, frameRate: 30 };
/** Where a call in a window of 1280 × 720 shows so many people, oneself last: left, top, width and height. */
const PLACES = {
  1: [[137, 68, 1006, 566]],
  2: [
    [12, 56, 1256, 590],
    [1012, 495, 240, 135],
  ],
  3: [
    [142, 68, 492, 277],
    [646, 68, 492, 277],
    [394, 357, 492, 277],
  ],
};
const connections = new Map();
const tiles = new Map();
let relay;
let stream;
let certificate;

function connect(peer) {
  const connection = new RTCPeerConnection({ certificates: [certificate] });
  connections.set(peer, connection);
  const tile = addTile();
  tiles.set(peer, tile);
  place();
  connection.addEventListener("track", ({ streams }) => {
    tile.srcObject ??= streams[0];
  });
  for (const track of stream.getTracks()) connection.addTrack(track, stream);
  return connection;
}

function addTile() {
  const tile = document.createElement("video");
  Object.assign(tile, { autoplay: true, muted: true });
  return document.body.insertBefore(tile, document.querySelector("video:last-of-type"));
}

function place() {
  const shown = [...document.querySelectorAll("video")];
  shown.forEach((tile, index) => {
    const [left, top, width, height] = PLACES[shown.length][index].map((length) => `${length}px`);
    Object.assign(tile.style, { left, top, width, height });
  });
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
    tiles.get(from)?.remove();
    tiles.delete(from);
    place();
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
  addTile().srcObject = stream;
  place();
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
