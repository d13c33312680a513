// Parlour's signaling events on socket.io as its documentation teaches it, with the same checks: the
// token's signature, issuer, kind and time; admission; same room; shape. Where there was a choice, the
// cheaper one for Node was taken: no database (who is admitted where comes in a file), no lists of rooms,
// peers written to directly instead of through the adapter.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { answering, candidate, description, identified, object, text } from "./checks.js";

const { secret, admitted } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const admission = new Map(Object.entries(admitted).map(([room, people]) => [room, new Set(people)]));
const calls = new Map(); // room -> Map(peerID -> socket)

const http = createServer();
const io = new Server(http, { serveClient: false, maxHttpBufferSize: 1e6 });

io.use(identified(secret));

io.on("connection", (socket) => {
  const me = socket.data;
  const answer = answering(socket);
  const leave = () => {
    const call = calls.get(me.room);
    if (call === undefined) return;
    call.delete(socket.id);
    if (call.size === 0) calls.delete(me.room);
    me.room = null;
    for (const peer of call.values()) {
      peer.emit("remove-peer", { peerID: socket.id, peerUsername: me.name });
      socket.emit("remove-peer", { peerID: peer.id, peerUsername: peer.data.name });
    }
  };
  const relay = (event, as, member, read) => {
    socket.on(event, (payload, ack) => {
      const content = object(payload) && text(payload.peerID, 64) ? read(payload[member]) : null;
      if (content === null) return answer(ack, event, "invalid_payload");
      const call = calls.get(me.room);
      if (call === undefined) return answer(ack, event, "not_in_call");
      const peer = payload.peerID === socket.id ? undefined : call.get(payload.peerID);
      if (peer === undefined) return answer(ack, event, "peer_not_found");
      const from = member === "iceCandidate" ? { peerID: socket.id } : { peerID: socket.id, peerUsername: me.name };
      peer.emit(as, { ...from, [member]: content });
      answer(ack, event);
    });
  };

  socket.on("join", (payload, ack) => {
    if (!object(payload) || !text(payload.room, 256)) return answer(ack, "join", "invalid_payload");
    if (!admission.has(payload.room)) return answer(ack, "join", "room_not_found");
    if (!admission.get(payload.room).has(me.user)) return answer(ack, "join", "not_admitted");
    leave();
    me.room = payload.room;
    const call = calls.get(me.room) ?? new Map();
    calls.set(me.room, call);
    const peers = [];
    for (const peer of call.values()) {
      peer.emit("add-peer", { peerID: socket.id, peerUsername: me.name, createOffer: false });
      socket.emit("add-peer", { peerID: peer.id, peerUsername: peer.data.name, createOffer: true });
      peers.push({ peerID: peer.id, peerUsername: peer.data.name });
    }
    call.set(socket.id, socket);
    if (typeof ack === "function") ack({ ok: true, room: me.room, peerID: socket.id, peers });
  });
  socket.on("leave", (...given) => {
    leave();
    answer(given.at(-1), "leave");
  });
  relay("offer-ice", "ice-candidate", "iceCandidate", candidate);
  relay("offer-sdp", "session-description", "sessionDescription", description);
  socket.on("disconnect", leave);
});

http.listen({ port: Number(process.argv[3]), host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(`Node is ready at http://127.0.0.1:${http.address().port}`);
});
