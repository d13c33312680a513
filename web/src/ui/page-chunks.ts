import { withoutBasePath } from "../base-path";
import { Chunk } from "../chunk";
import { PAGES } from "../pages.gen";
import { loadCallTexts, loadCheckTexts } from "../texts/call-texts";

export const VISITOR_PAGES = new Chunk(() => import("./pages/visitor-pages"));
export const MEMBER_PAGES = new Chunk(() => import("./pages/member-pages"));
export const ROOM_PAGE = new Chunk(async () => {
  const [page] = await Promise.all([import("./room/room-page"), loadCallTexts()]);
  return page;
});
/** Words of devices and connections are those of calls. */
export const CHECK_PAGES = new Chunk(async () => {
  const [pages] = await Promise.all([
    import("./check/check-pages"),
    loadCallTexts(),
    loadCheckTexts(),
  ]);
  return pages;
});

type PageChunk = Chunk<unknown>;

/** What each page is loaded with; null for those that come with the client. */
const CHUNKS: Readonly<Record<keyof typeof PAGES, PageChunk | null>> = {
  home: null,
  login: VISITOR_PAGES,
  register: VISITOR_PAGES,
  mail: VISITOR_PAGES,
  newRoom: MEMBER_PAGES,
  profile: MEMBER_PAGES,
  check: CHECK_PAGES,
  doctor: CHECK_PAGES,
  room: ROOM_PAGE,
  verifyClient: VISITOR_PAGES,
  verifyGuest: VISITOR_PAGES,
  verifyEmail: VISITOR_PAGES,
  stopEmail: VISITOR_PAGES,
  forgot: VISITOR_PAGES,
  reset: VISITOR_PAGES,
};

/** Pages that lead to the login, or to the page of an invitation, whoever is not logged in. */
const FOR_MEMBERS: readonly (PageChunk | null)[] = [MEMBER_PAGES, ROOM_PAGE];

/** Returns what the page at a path is loaded with, by the first part of the path. */
export function chunkAt(path: string, isLoggedIn: boolean): PageChunk | null {
  const first = (of: string) => of.split("/")[1];
  const names = Object.keys(PAGES) as (keyof typeof PAGES)[];
  const name = names.find((each) => first(PAGES[each]) === first(path));
  const chunk = name === undefined ? null : CHUNKS[name];
  return !isLoggedIn && FOR_MEMBERS.includes(chunk) ? VISITOR_PAGES : chunk;
}

/** Loads the page behind a link that somebody is about to follow. Returns how to end that. */
export function followLinksAhead(isLoggedIn: boolean): () => void {
  const ending = new AbortController();
  const fetch = ({ target }: Event) => {
    const link = target instanceof Element ? target.closest<HTMLAnchorElement>("a[href]") : null;
    if (link?.origin !== location.origin) return;
    chunkAt(withoutBasePath(link.pathname), isLoggedIn)?.fetchAhead();
  };
  for (const sign of ["pointerover", "touchstart", "focusin"]) {
    document.addEventListener(sign, fetch, { signal: ending.signal, passive: true });
  }
  return () => ending.abort();
}
