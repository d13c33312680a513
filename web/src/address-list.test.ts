import { describe, expect, test } from "vitest";
import cases from "../../tests/unit/wire/address_lists.json";
import { addressEntries } from "./address-list";
import { email, splitEmails } from "./rules";

describe("a list of addresses, as the server reads it", () => {
  test.each(cases)("$text", ({ text, emails, others }) => {
    const split = splitEmails(text);
    expect(split.emails).toEqual(emails);
    // An empty list is nothing to complain of in a field.
    expect(split.others).toEqual(addressEntries(text).length > 0 ? others : []);
    expect(addressEntries(text).filter(({ address }) => email(address) === null)).toHaveLength(
      emails.length,
    );
  });
});
