// The official JavaScript client in a real browser: `node browser.mjs chromium|firefox`. It speaks with
// tests/integration/signaling/javascript.py as client.mjs does: commands on stdin, what happens on stdout.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

const LIBRARY = readFileSync(
  new URL("./node_modules/socket.io-client/dist/socket.io.min.js", import.meta.url),
  "utf8",
);

const BROWSERS = {
  chromium: {
    browser: "chrome",
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  },
  firefox: {
    browser: "firefox",
    executablePath: "/usr/bin/firefox-esr",
    protocol: "webDriverBiDi",
    extraPrefsFirefox: {
      "app.normandy.enabled": false,
      "app.update.enabled": false,
      "browser.safebrowsing.malware.enabled": false,
      "browser.safebrowsing.phishing.enabled": false,
      // Ten people share this browser: more polls at once than a page of one person ever has, and no pause
      // for a host whose WebSocket another of them has lost.
      "network.http.max-persistent-connections-per-server": 100,
      "network.websocket.delay-failed-reconnects": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
      "services.settings.server": "data:,",
    },
  },
};

// Runs in the page.
function answerCommands() {
  const sockets = new Map();
  const report = (socket, is, more) => window.tell(JSON.stringify({ socket, is, ...more }));
  const revive = (_key, value) =>
    typeof value?.$bytes === "string"
      ? Uint8Array.from(atob(value.$bytes), (letter) => letter.charCodeAt(0))
      : value;
  const commands = {
    open({ socket: id, url, options }) {
      const socket = window.io(url, { forceNew: true, ...options });
      sockets.set(id, socket);
      const transport = () => socket.io.engine.transport.name;
      socket.on("connect", () => report(id, "connect", { transport: transport() }));
      socket.on("connect_error", ({ message, data }) =>
        report(id, "connect_error", { message, data }),
      );
      socket.on("disconnect", (reason) => report(id, "disconnect", { reason }));
      socket.onAny((event, ...args) => report(id, "event", { event, args }));
      socket.io.engine.on("upgrade", ({ name }) => report(id, "upgrade", { transport: name }));
      socket.io.on("close", () => report(id, "close", {}));
    },
    emit({ socket: id, event, args, call }) {
      const answered = (...answer) => report(id, "answer", { call, answer });
      sockets.get(id).emit(event, ...args, ...(call === undefined ? [] : [answered]));
    },
    reconnect({ socket: id, auth }) {
      const socket = sockets.get(id);
      socket.auth = auth;
      socket.connect();
    },
    close({ socket: id, call }) {
      sockets.get(id).disconnect();
      sockets.delete(id);
      report(id, "answer", { call, answer: [] });
    },
  };
  window.obey = (line) => {
    const command = JSON.parse(line, revive);
    commands[command.do](command);
  };
}

const browser = await puppeteer.launch({ headless: true, timeout: 120_000, ...BROWSERS[process.argv[2]] });

async function openPage(context, url) {
  const page = await context.newPage();
  await page.exposeFunction("tell", (line) => process.stdout.write(`${line}\n`));
  await page.goto(new URL("/favicon.svg", url), { timeout: 120_000 });
  await page.evaluate(`${LIBRARY};undefined`);
  await page.evaluate(answerCommands);
  return page;
}

// One page of each server for all who show a token; one each, in a context of its own, for who has a cookie.
const shared = new Map();

async function pageFor({ url, options }) {
  const { Cookie: cookie } = options.extraHeaders ?? {};
  if (cookie === undefined) {
    if (!shared.has(url)) shared.set(url, openPage(browser.defaultBrowserContext(), url));
    return shared.get(url);
  }
  const context = await browser.createBrowserContext();
  const [name, value] = cookie.split("=");
  const { hostname: domain } = new URL(url);
  await context.setCookie({ name, value, domain, path: "/", httpOnly: true, sameSite: "Lax" });
  return openPage(context, url);
}

const pages = new Map();
const turns = new Map();

async function obey(line) {
  const { do: what, socket, url, options } = JSON.parse(line);
  if (what === "open") pages.set(socket, await pageFor({ url, options }));
  await pages.get(socket).evaluate((command) => window.obey(command), line);
}

function fail(error) {
  console.error(error);
  process.exit(1);
}

// The commands of one socket one after the other, those of others meanwhile.
for await (const line of createInterface({ input: process.stdin })) {
  const { socket } = JSON.parse(line);
  const turn = (turns.get(socket) ?? Promise.resolve()).then(() => obey(line));
  turns.set(socket, turn.catch(fail));
}
await browser.close();
process.exit(0);
