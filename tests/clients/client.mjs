// The official JavaScript client, driven by tests/integration/signaling/javascript.py: a command in each
// line of stdin, what happens in each line of stdout. One process has many sockets, told apart by `socket`.

import { Agent, request } from "node:http";
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const sockets = new Map();

function tell(socket, is, more) {
  process.stdout.write(`${JSON.stringify({ socket, is, ...more })}\n`);
}

// Bytes, which JSON has no word for.
function revive(_key, value) {
  return typeof value?.$bytes === "string" ? Buffer.from(value.$bytes, "base64") : value;
}

const commands = {
  open({ socket: id, url, options, address }) {
    const agent = new Agent({ localAddress: address });
    // The client keeps this very object for each of its handshakes: it is the cookie jar of a browser.
    const headers = options.extraHeaders ?? {};
    const socket = io(url, { forceNew: true, ...options, extraHeaders: headers, agent });
    sockets.set(id, { socket, agent, headers, url });
    socket.on("connect", () => tell(id, "connect", { transport: socket.io.engine.transport.name, sid: socket.io.engine.id }));
    socket.on("connect_error", ({ message, data }) => tell(id, "connect_error", { message, data }));
    socket.on("disconnect", (reason) => tell(id, "disconnect", { reason }));
    socket.onAny((event, ...args) => tell(id, "event", { event, args }));
    const watch = () =>
      socket.io.engine.on("upgrade", ({ name }) => tell(id, "upgrade", { transport: name }));
    watch();
    socket.io.on("open", watch);
    // A transport that the server let go: a socket that was never connected says nothing of it.
    socket.io.on("close", () => tell(id, "close", {}));
  },

  emit({ socket: id, event, args, call }) {
    const { socket } = sockets.get(id);
    if (call === undefined) socket.emit(event, ...args);
    else socket.emit(event, ...args, (...answer) => tell(id, "answer", { call, answer }));
  },

  // An HTTP request of the same browser: same address, same cookies, kept before anybody hears of them.
  request({ socket: id, call, method, path, body }) {
    const { agent, headers, url } = sockets.get(id);
    const content = body === undefined ? undefined : JSON.stringify(body);
    const asked = request(new URL(path, url), {
      method,
      agent,
      headers: { ...headers, ...(content && { "Content-Type": "application/json" }) },
    });
    asked.on("response", (answer) => {
      for (const cookie of answer.headers["set-cookie"] ?? [])
        headers.Cookie = cookie.split(";")[0];
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => {
        text += part;
      });
      answer.on("end", () => tell(id, "answer", { call, answer: [answer.statusCode, text] }));
    });
    asked.on("error", (error) => tell(id, "answer", { call, answer: [0, String(error)] }));
    asked.end(content);
  },

  reconnect({ socket: id, auth }) {
    const { socket } = sockets.get(id);
    socket.auth = auth;
    socket.connect();
  },

  close({ socket: id, call }) {
    const { socket, agent } = sockets.get(id);
    socket.disconnect();
    agent.destroy();
    sockets.delete(id);
    tell(id, "answer", { call, answer: [] });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line, revive);
  commands[command.do](command);
}
process.exit(0);
