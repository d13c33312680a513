import { describe, expect, it } from "vitest";
import { CHECK_PAGES, chunkAt, MEMBER_PAGES, ROOM_PAGE, VISITOR_PAGES } from "./page-chunks";

describe("the chunk of a page", () => {
  it("is found by its path, with and without what follows", () => {
    for (const path of ["/login", "/verifyclient/token", "/verifyemail", "/verifyemail/token"]) {
      expect(chunkAt(path, false)).toBe(VISITOR_PAGES);
      expect(chunkAt(path, true)).toBe(VISITOR_PAGES);
    }
    expect(chunkAt("/new", true)).toBe(MEMBER_PAGES);
    expect(chunkAt("/r/a/room", true)).toBe(ROOM_PAGE);
    for (const isLoggedIn of [true, false]) expect(chunkAt("/check", isLoggedIn)).toBe(CHECK_PAGES);
  });

  it("is none for home and for what does not exist", () => {
    for (const path of ["/", "", "/nothing", "/loginx", "/constructor"]) {
      expect(chunkAt(path, true)).toBeNull();
    }
  });

  it("is that of the login for whoever may not see the page", () => {
    expect(chunkAt("/r/room", false)).toBe(VISITOR_PAGES);
    expect(chunkAt("/profile", false)).toBe(VISITOR_PAGES);
    expect(chunkAt("/", false)).toBeNull();
  });
});
