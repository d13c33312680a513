import { withBasePath } from "./base-path";

/**
 * Lets a service worker keep the hashed files of the build, once the page is shown. Where there is none, as in private
 * windows of some browsers, files come from the server or the browser's own cache as ever.
 */
export function keepAssets(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const begin = () => void register();
  if (document.readyState === "complete") begin();
  else window.addEventListener("load", begin, { once: true });
}

async function register(): Promise<void> {
  try {
    const options = { scope: withBasePath("/") };
    await navigator.serviceWorker.register(withBasePath("/service-worker.js"), options);
  } catch (error) {
    console.warn("No files are kept", error);
  }
}
