/** The files that the browser has: those that the page began with, and those that were fetched. */
const known = new Set(typeof document === "undefined" ? [] : filesOf(document));

function filesOf(page: Document): string[] {
  const links = [...page.querySelectorAll("link")].map(({ href }) => href);
  return [...links, ...[...page.scripts].map(({ src }) => src)];
}

/**
 * Fetches files of the build into the browser's cache, where their imports find them. Throws where one cannot be
 * fetched; then it is fetched again the next time. `build/fetched-imports.mjs` calls it before each `import()`.
 */
export async function fetchFiles(urls: readonly string[]): Promise<void> {
  await Promise.all(urls.filter((url) => !known.has(url)).map(fetchFile));
}

async function fetchFile(url: string): Promise<void> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  await answer.arrayBuffer();
  known.add(url);
}
