// What an official client must be able to do with the engine's reference application.
// Usage: node scenario.mjs <url> <transports, comma-separated>; prints one JSON object.
import { io, Manager } from "socket.io-client";

const [url, names] = process.argv.slice(2);
const transports = names.split(",");
const options = { transports, reconnectionDelay: 20, reconnectionDelayMax: 50, forceNew: true };
const next = (emitter, event) => new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));
const sockets = [];
const open = (namespace, more = {}) => {
  const socket = io(url + namespace, { ...options, ...more });
  sockets.push(socket);
  return socket;
};
const seen = {};

async function messages() {
  const socket = open("/", { auth: { token: "123" } });
  seen.auth = (await next(socket, "auth"))[0];
  if (transports.length > 1 && socket.io.engine.transport.name !== "websocket") {
    await next(socket.io.engine, "upgrade");
  }
  seen.transport = socket.io.engine.transport.name;
  const back = [];
  const all = new Promise((resolve) => {
    socket.on("message-back", (number) => back.push(number) === 300 && resolve());
  });
  for (let number = 0; number < 300; number++) socket.emit("message", number);
  await all;
  seen.ordered = back.every((number, index) => number === index);
  seen.ack = await socket.timeout(15000).emitWithAck("message-with-ack", 1, "zwei", { drei: ["é", "😀"] });
  socket.on("question", (number, answer) => answer(number + 1, "is the answer"));
  socket.emit("ask-me");
  seen.answered = (await next(socket, "answered"))[0];
  seen.large = (await socket.timeout(15000).emitWithAck("message-with-ack", "x".repeat(200000))).length;
  socket.emit("message", new Uint8Array([1, 2, 3]));
  seen.binary = (await next(socket, "refused"))[0].message;
  seen.wrong = (await socket.timeout(15000).emitWithAck("typed", "seven")).message;
  seen.stillConnected = socket.connected;
}

async function namespaces() {
  const manager = new Manager(url, options);
  const main = manager.socket("/");
  const custom = manager.socket("/custom", { auth: { token: "abc" } });
  const unknown = manager.socket("/unknown");
  sockets.push(main, custom, unknown);
  const failed = next(unknown, "connect_error");
  seen.customAuth = (await next(custom, "auth"))[0];
  seen.unknown = (await failed)[0].message;
  custom.disconnect();
  main.emit("message", "main");
  seen.main = (await next(main, "message-back"))[0];
}

async function refusals() {
  const socket = open("/", { auth: { refuse: { code: "token_expired" } } });
  const [error] = await next(socket, "connect_error");
  seen.refused = [error.message, error.data];
}

async function endings() {
  const sentAway = open("/");
  await next(sentAway, "auth");
  sentAway.emit("leave-me");
  seen.sentAway = [(await next(sentAway, "disconnect"))[0], sentAway.active];
  const dropped = open("/");
  await next(dropped, "auth");
  dropped.emit("drop-me");
  seen.dropped = [(await next(dropped, "disconnect"))[0], dropped.active];
  dropped.emit("message", "kept");
  seen.kept = (await next(dropped, "message-back"))[0];
}

async function waiting() {
  let attempts = 0;
  const socket = open("/", { auth: (answer) => answer(attempts++ ? {} : { wait: 0.1 }) });
  socket.emit("message", "emitted before the login");
  seen.waited = [(await next(socket, "message-back"))[0], attempts];
}

const patience = setTimeout(() => {
  console.log(JSON.stringify({ ...seen, timeout: true }));
  process.exit(1);
}, 20000);
await Promise.all([messages(), namespaces(), refusals(), endings(), waiting()]);
clearTimeout(patience);
for (const socket of sockets) socket.disconnect();
console.log(JSON.stringify(seen));
