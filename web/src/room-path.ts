import { PAGES } from "./pages.gen";

const BEFORE_NAME = PAGES.room.slice(0, PAGES.room.indexOf(":"));

/**
 * Reads the name of a room from its page's path; empty at other pages. The router's parameters went through decodeURI,
 * which breaks names with "%".
 */
export function roomInPath(path: string): string {
  if (!path.startsWith(BEFORE_NAME)) return "";
  const [segment = ""] = path.slice(BEFORE_NAME.length).split("/");
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
