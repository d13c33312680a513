/** The browsers whose ways to a permission differ; Chromium and its kin are the others. */
export type BrowserKind = "android" | "ios" | "safari" | "firefox" | "other";

/** Guesses from the user agent, for a text that helps; nothing else depends on it. */
export function browserKind(userAgent: string, touchPoints = 0): BrowserKind {
  const isPad = /Macintosh/.test(userAgent) && touchPoints > 1; // iPads say that they are Macs
  if (isPad || /iPhone|iPad|iPod/.test(userAgent)) return "ios";
  if (/Android/.test(userAgent)) return "android";
  if (/Firefox\//.test(userAgent)) return "firefox";
  return /Chrome\/|Chromium\//.test(userAgent) ? "other" : "safari";
}
