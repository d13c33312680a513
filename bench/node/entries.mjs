// People enter a call with real browsers, each a process of its own: `node entries.mjs`, with the job as JSON on
// stdin and a line of JSON on stdout for each entry. bench/browsers starts it and says what the figures mean.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import puppeteer from "puppeteer-core";
import { WebSocketServer } from "ws";

const FOLDER = new URL("./entries/", import.meta.url);
const WATCH = readFileSync(new URL("watch.js", FOLDER), "utf8");
/** The time that a person spends in the lobby with everything loaded; whatever is prepared there is ready then. */
const LOBBY_MS = 1_000;
const WITHIN_MS = 30_000;

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
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream=fps=30",
      "--allow-loopback-in-peer-connection",
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
      "media.navigator.permission.disabled": true,
      "media.navigator.streams.fake": true,
      "media.peerconnection.ice.loopback": true,
      "media.peerconnection.ice.obfuscate_host_addresses": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
      "permissions.default.camera": 1,
      "permissions.default.microphone": 1,
      "services.settings.server": "data:,",
    },
  },
};

/** Serves the bare page, and relays its messages from browser to browser. */
async function serveBarePage() {
  const files = { "/": ["bare.html", "text/html"], "/bare.js": ["bare.js", "text/javascript"] };
  const server = createServer(({ url }, response) => {
    const [file, type] = files[url] ?? [];
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": type }).end(readFileSync(new URL(file, FOLDER)));
  });
  const lines = new Map();
  new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (line, { url }) => {
    const from = url.slice(2);
    lines.set(from, line);
    line.on("message", (data) => {
      const { to, ...message } = JSON.parse(data);
      lines.get(to)?.send(JSON.stringify({ from, ...message }));
    });
    line.on("close", () => {
      lines.delete(from);
      for (const other of lines.values()) other.send(JSON.stringify({ from, left: true }));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://localhost:${server.address().port}/`;
}

/** Starts a browser and logs in there. */
async function openPerson(job, name) {
  const browser = await puppeteer.launch({ headless: true, ...BROWSERS[job.browser] });
  browsers.push(browser);
  const [page] = await browser.pages();
  await page.setViewport({ width: 1280, height: 720 });
  await page.evaluateOnNewDocument(WATCH);
  if (job.script) await page.evaluateOnNewDocument(job.script);
  page.setDefaultTimeout(WITHIN_MS);
  await page.goto(`${job.url}/login`);
  await page.waitForSelector('input[type="password"]');
  await page.type('input[autocomplete~="username"]', name);
  await page.type('input[type="password"]', job.password);
  await page.keyboard.press("Enter");
  await page.waitForSelector('[aria-label^="Account: "]');
  return { name, browser, page };
}

/** What is measured: how a person comes to the button, given the others who are in. */
const SUBJECTS = {
  Parlour: {
    async approach({ page }, _others, job) {
      await page.goto(`${job.url}/r/${encodeURIComponent(job.room)}`);
      await page.waitForSelector("button.enter");
      await page.waitForFunction(() => document.querySelector("video")?.readyState >= 2);
      await new Promise((resolve) => setTimeout(resolve, LOBBY_MS));
      return "button.enter";
    },
  },
  floor: {
    async approach({ page, name }, others, job) {
      await page.goto(job.barePage);
      await page.evaluate((own) => window.prepare(own), name);
      const peers = others.map((other) => other.name);
      await page.evaluate((names) => window.offer(names), peers);
      return "button";
    },
  },
};

/** Resolves when the newcomer has seen all of the others and each of them the newcomer. */
async function enter(subject, newcomer, others, job) {
  const button = await SUBJECTS[subject].approach(newcomer, others, job);
  const left = others.length - 1;
  await Promise.all(others.map(({ page }) => page.evaluate((count) => entry.forget(count), left)));
  const everybodySees = Promise.all([
    newcomer.page.evaluate((count) => entry.seen(count), others.length),
    ...others.map(({ page }) => page.evaluate(() => entry.seen(1))),
  ]);
  await newcomer.page.click(button);
  await inTime(everybodySees, `${subject}: a picture`);
  const marks = ({ page }) => page.evaluate(() => entry.marks());
  return { subject, newcomer: await marks(newcomer), others: await Promise.all(others.map(marks)) };
}

async function inTime(work, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come`)), WITHIN_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function measure(subject, people, job) {
  const [newcomer, ...others] = people;
  for (const [index, other] of others.entries()) {
    const button = await SUBJECTS[subject].approach(other, others.slice(0, index), job);
    await other.page.click(button);
    await inTime(other.page.evaluate((count) => entry.seen(count), index), "the other's picture");
    if (subject === "Parlour") await other.page.waitForSelector('[role="timer"]');
  }
  // The first entry of a browser process loads code and fonts, so it does not count.
  for (let number = 0; number <= job.entries; number++) {
    const found = await enter(subject, newcomer, others, job);
    if (number > 0) process.stdout.write(`${JSON.stringify(found)}\n`);
    await newcomer.page.goto("about:blank");
  }
  for (const { page } of others) await page.goto("about:blank");
}

let text = "";
for await (const chunk of process.stdin) text += chunk;
const job = { ...JSON.parse(text), barePage: await serveBarePage() };
const browsers = [];
try {
  // All are waited for, since a browser that is only starting could not be closed.
  const opened = await Promise.allSettled(job.people.map((name) => openPerson(job, name)));
  for (const { reason } of opened) if (reason) throw reason;
  const people = opened.map(({ value }) => value);
  for (let round = 0; round < job.rounds; round++) {
    for (const subject of job.subjects ?? Object.keys(SUBJECTS)) await measure(subject, people, job);
  }
} finally {
  await Promise.all(browsers.map((browser) => browser.close()));
}
process.exit(0);
