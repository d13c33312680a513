// Speaks the contract as existing browser clients do: the socket opens with the page, over websocket
// alone and without a token; who one is, the server learns from the cookie of a later login over HTTP.
const query = new URLSearchParams(location.search);
const server = query.get("server");
const room = query.get("room");
const connections = new Map();
window.joinedAfterMs = null;

const socket = io(server, { transports: ["websocket"], withCredentials: true });
const devices = navigator.mediaDevices.getUserMedia({ audio: true, video: true });

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { username, password } = Object.fromEntries(new FormData(event.target));
  const join = () => {
    socket.emit("username", username);
    socket.emit("join", { room, username });
  };
  if (query.has("impatient")) join();
  const answer = await fetch(`${server}/client/login`, {
    method: "POST",
    credentials: "include",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username, password }),
  });
  if (!answer.ok) return say(`refused: ${answer.status}`);
  const loggedIn = performance.now();
  socket.once("add-peer", () => {
    window.joinedAfterMs = performance.now() - loggedIn;
    say("in the call");
  });
  if (!query.has("impatient")) join();
  say("logged in");
});

socket.on("add-peer", async ({ peerID, peerUsername, createOffer }) => {
  const connection = new RTCPeerConnection();
  connections.set(peerID, connection);
  connection.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate) socket.emit("offer-ice", { peerID, iceCandidate: candidate });
  });
  connection.addEventListener("track", ({ streams: [stream] }) => show(peerID, peerUsername, stream));
  const stream = await devices;
  for (const track of stream.getTracks()) connection.addTrack(track, stream);
  if (createOffer) await describe(peerID, connection, await connection.createOffer());
});

socket.on("session-descriptions", async ({ peerID, sessionDescription }) => {
  const connection = connections.get(peerID);
  await connection.setRemoteDescription(new RTCSessionDescription(sessionDescription));
  if (sessionDescription.type === "offer") {
    const stream = await devices;
    if (connection.getSenders().every(({ track }) => track === null))
      for (const track of stream.getTracks()) connection.addTrack(track, stream);
    await describe(peerID, connection, await connection.createAnswer());
  }
});

socket.on("ice-candidate", ({ peerID, iceCandidate }) => {
  connections.get(peerID)?.addIceCandidate(new RTCIceCandidate(iceCandidate));
});

socket.on("remove-peer", ({ peerID }) => {
  connections.get(peerID)?.close();
  connections.delete(peerID);
  document.getElementById(peerID)?.remove();
});

async function describe(peerID, connection, description) {
  await connection.setLocalDescription(description);
  socket.emit("offer-sdp", { peerID, sessionDescription: description });
}

function show(peerID, name, stream) {
  let video = document.getElementById(peerID);
  if (!video) {
    video = Object.assign(document.createElement("video"), { id: peerID, autoplay: true, playsInline: true });
    video.setAttribute("aria-label", `Video of ${name}`);
    document.querySelector("main").append(video);
  }
  video.srcObject = stream;
}

function say(text) {
  document.querySelector("[role=status]").textContent = text;
}
