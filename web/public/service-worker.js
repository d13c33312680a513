// Keeps the built files whose names have a hash of their content, and nothing else: no page, no answer of the server.
// Those never change, so an update needs no word from here: its page names other files. Without a connection the browser
// says by itself that there is none.

const CACHE = "assets";
/** The files of some versions in some languages; beyond it, those that were kept first go. */
const MOST_KEPT = 200;
const HASHED = /\/assets\/[^/]+-[A-Za-z0-9_-]{8}\.\w+$/;

self.addEventListener("install", () => void self.skipWaiting());

self.addEventListener("fetch", (event) => {
  if (isKept(event.request)) event.respondWith(answer(event));
});

function isKept({ method, url, headers }) {
  const { origin, pathname, search } = new URL(url);
  const isWhole = method === "GET" && search === "" && !headers.has("range");
  return isWhole && origin === self.location.origin && HASHED.test(pathname);
}

async function answer(event) {
  const { request } = event;
  const cache = await caches.open(CACHE).catch(() => null);
  const known = await cache?.match(request).catch(() => null);
  if (known) return known;
  const response = await fetch(request);
  if (cache && response.status === 200 && response.type === "basic") {
    event.waitUntil(keep(cache, request, response.clone()));
  }
  return response;
}

/** Where the disk is full, nothing more is kept. */
async function keep(cache, request, response) {
  try {
    await cache.put(request, response);
    const kept = await cache.keys();
    const surplus = kept.slice(0, Math.max(0, kept.length - MOST_KEPT));
    await Promise.all(surplus.map((oldest) => cache.delete(oldest)));
  } catch (error) {
    console.warn("Keeping a file", error);
  }
}
