/** The files that the browser has: those that the page began with, and those that were fetched. */
const known = new Set(typeof document === "undefined" ? [] : filesOf(document));

function filesOf(page: Document): string[] {
  const links = [...page.querySelectorAll("link")].map(({ href }) => href);
  return [...links, ...[...page.scripts].map(({ src }) => src)];
}

/** The longest that a file may come to a halt: whoever waits for it is told, and others can be fetched. */
export const SILENCE_MS = 15_000;

/**
 * Fetches files of the build into the browser's cache, where their imports find them. Throws where one cannot be
 * fetched; then it is fetched again the next time. `build/fetched-imports.mjs` calls it before each `import()`.
 */
export async function fetchFiles(urls: readonly string[]): Promise<void> {
  await Promise.all(urls.filter((url) => !known.has(url)).map(fetchFile));
}

async function fetchFile(url: string): Promise<void> {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hear = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error(`${url}: no answer in time`)), SILENCE_MS);
  };
  try {
    hear();
    const answer = await fetch(url, { signal: silence.signal });
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    const reader = answer.body?.getReader();
    do hear();
    while (reader && !(await reader.read()).done);
    known.add(url);
  } finally {
    clearTimeout(timer);
  }
}
