import { expect, it } from "vitest";
import * as rules from "./rules";
import { english } from "./texts/loaded-texts";

it.each(["ann1", "A-b_9", "a".repeat(24)])("takes %s as a username", (name) =>
  expect(rules.username(name)).toBeNull(),
);

it.each(["", "ann", "1ann", "-ann", "ann lee", "änne", "a".repeat(25)])(
  "does not take %j as a username",
  (name) => expect(rules.username(name)).toEqual(expect.any(Function)),
);

it.each(["ann@example.org", " ann@localhost ", "a.b+c@x.co.uk"])("takes %s as an email", (text) =>
  expect(rules.email(text)).toBeNull(),
);

it.each(["", "ann", "ann@", "@x.org", "ann @x.org", "a@b@c", "ann@x..org"])(
  "does not take %j as an email",
  (text) => expect(rules.email(text)).toEqual(expect.any(Function)),
);

it("measures passwords and room names", () => {
  expect(rules.password("1234567")).not.toBeNull();
  expect(rules.password("12345678")).toBeNull();
  expect(rules.password("x".repeat(129))).not.toBeNull();
  expect(rules.roomName("   ")).not.toBeNull();
  expect(rules.roomName(` ${"x".repeat(64)} `)).toBeNull();
  expect(rules.roomName("x".repeat(65))).not.toBeNull();
});

it("splits what was pasted into addresses and the rest", () => {
  expect(rules.splitEmails("ann@x.org, bob@x.org;eve\n fay@x.org")).toEqual({
    emails: ["ann@x.org", "bob@x.org", "fay@x.org"],
    others: ["eve"],
  });
});

it.each(["a\u202eb", "\u200fann", "ga\u200brden", "a\u0007b", "a\u2028b"])(
  "does not take %j as a name, as the server does not",
  (name) => {
    expect(rules.roomName(name)?.(english)).toBe("Use characters that can be seen.");
    expect(rules.displayName(name)?.(english)).toBe("Use characters that can be seen.");
  },
);

it.each(["José 李", "می\u200cخواهم", "👩\u200d🚀", "שלום"])("takes %j as a name", (name) => {
  expect(rules.displayName(name)).toBeNull();
});
