// A node of socket.io's redis-adapter: node adapter.js sender|receiver URL RATE SECONDS
//
// The sender emits to a room that nobody here is in, RATE times a second; the receiver takes what the adapter
// hands to its sockets. Neither has a client. Both print a line of JSON.
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { Adapter } from "socket.io-adapter";

const [role, url, rate, seconds] = [process.argv[2], process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
const CANDIDATE = "x".repeat(282);
const now = () => Number(process.hrtime.bigint()) / 1e9;
const cpu = () => {
  const used = process.cpuUsage();
  return (used.user + used.system) / 1e6;
};
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const publisher = createClient({ url });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);
const io = new Server({ adapter: createAdapter(publisher, subscriber) });
const namespace = io.of("/");

if (role === "receiver") {
  namespace.adapter.addAll("socket-of-the-peer", new Set(["peer"]));
  const delays = [];
  let began;
  Adapter.prototype.broadcast = (packet) => {
    const [, sentAt] = packet.data;
    if (sentAt === null) {
      const used = cpu() - began;
      delays.sort((one, other) => one - other);
      say({ received: delays.length, cpu: used, p50: delays[delays.length >> 1], p99: delays[Math.floor(delays.length * 0.99)] });
      process.exit(0);
    }
    began ??= cpu();
    delays.push(now() - sentAt);
  };
  say({ ready: true });
} else {
  while ((await namespace.adapter.serverCount()) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  const send = (sentAt) => namespace.to("peer").emit("ice-candidate", sentAt, CANDIDATE);
  const idle = await pace(() => {});
  const used = await pace(() => send(now()));
  send(null);
  say({ sent: used.sent, cpu: used.cpu, loop: idle.cpu });
  await publisher.ping();
  process.exit(0);
}

// Call `act` at the rate, and return what that took.
async function pace(act) {
  const began = now();
  const before = cpu();
  let sent = 0;
  for (let passed = 0; passed < seconds; passed = now() - began) {
    for (const due = Math.min(passed * rate, sent + 2000); sent < due; sent += 1) act();
    if (rate < 50_000) await new Promise((resolve) => setTimeout(resolve, 1));
    else await publisher.ping();
  }
  return { sent, cpu: cpu() - before };
}
