/** How members are divided into pages. */
interface Division {
  /** The most on a page; one at least. */
  readonly most: number;
  /** The member that is the last on each page, where that leaves room for two others; null for none. */
  readonly kept: number | null;
  readonly page: number;
}

export interface Page {
  readonly shown: readonly number[];
  /** The page that is shown, from 0. */
  readonly page: number;
  readonly pages: number;
  /** How many members a full page has beside the one that is kept. */
  readonly each: number;
}

/** Gives one page of members, in their order. Pages are full, so that only those after a newcomer move on. */
export function pageOf(members: readonly number[], { most, kept, page }: Division): Page {
  const stays = kept !== null && most >= 3 && members.includes(kept);
  const others = stays ? members.filter((member) => member !== kept) : members;
  const each = Math.max(1, stays ? most - 1 : most);
  const pages = Math.max(1, Math.ceil(others.length / each));
  const at = Math.min(Math.max(page, 0), pages - 1);
  const shown = others.slice(at * each, (at + 1) * each);
  return { shown: stays ? [...shown, kept] : shown, page: at, pages, each };
}
