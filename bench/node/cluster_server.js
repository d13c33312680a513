// A node of a cluster of socket.io's redis-adapter with Parlour's signaling events: the checks of server.js, save that
// nobody is refused for an absent peer. `node cluster_server.js FILE PORT REDIS_URL`
//
// A socket is in a room of the adapter for its call, and in one for itself in that call: so a message reaches nobody in
// another call, without a question to other nodes.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { answering, candidate, description, identified, object, text } from "./checks.js";

const { secret, admitted } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const admission = new Map(Object.entries(admitted).map(([room, people]) => [room, new Set(people)]));
const place = (room, peer) => `${room}\n${peer}`;

const publisher = createClient({ url: process.argv[4] });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, { serveClient: false, maxHttpBufferSize: 1e6, adapter: createAdapter(publisher, subscriber) });

io.use(identified(secret));

io.on("connection", (socket) => {
  const me = socket.data;
  const answer = answering(socket);
  const relay = (event, as, member, read) => {
    socket.on(event, (payload, ack) => {
      const content = object(payload) && text(payload.peerID, 64) ? read(payload[member]) : null;
      if (content === null) return answer(ack, event, "invalid_payload");
      if (me.room === null) return answer(ack, event, "not_in_call");
      const from = member === "iceCandidate" ? { peerID: socket.id } : { peerID: socket.id, peerUsername: me.name };
      socket.to(place(me.room, payload.peerID)).emit(as, { ...from, [member]: content });
      answer(ack, event);
    });
  };

  socket.on("join", async (payload, ack) => {
    if (!object(payload) || !text(payload.room, 256)) return answer(ack, "join", "invalid_payload");
    if (!admission.has(payload.room)) return answer(ack, "join", "room_not_found");
    if (!admission.get(payload.room).has(me.user)) return answer(ack, "join", "not_admitted");
    me.room = payload.room;
    const others = await io.in(me.room).fetchSockets();
    await socket.join([me.room, place(me.room, socket.id)]);
    socket.to(me.room).emit("add-peer", { peerID: socket.id, peerUsername: me.name, createOffer: false });
    const peers = others.map((peer) => ({ peerID: peer.id, peerUsername: peer.data.name }));
    for (const peer of peers) socket.emit("add-peer", { ...peer, createOffer: true });
    if (typeof ack === "function") ack({ ok: true, room: me.room, peerID: socket.id, peers });
  });
  relay("offer-ice", "ice-candidate", "iceCandidate", candidate);
  relay("offer-sdp", "session-description", "sessionDescription", description);
});

// Until the adapters of all nodes have subscribed, questions to them time out.
http.listen({ port: Number(process.argv[3]), host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(`Node is ready at http://127.0.0.1:${http.address().port}`);
});
