import { expect, it } from "vitest";
import { PeerIdentities, PeerIdentity } from "./peer-identity";

it("takes the certificates for known once a connection stands, and not before", () => {
  const identity = new PeerIdentity();
  expect(identity.see("sha-256 AA")).toBe(false);
  identity.settle("sha-256 BB");
  expect(identity.changed).toBe(false);
  expect(identity.see("sha-256 BB")).toBe(false);
});

it("raises the alarm at others, once, and never takes it back", () => {
  const identity = new PeerIdentity();
  identity.settle("sha-256 AA");
  expect(identity.see("sha-256 AA,sha-256 BB")).toBe(true);
  expect(identity.see("sha-256 CC")).toBe(false);
  identity.settle("sha-256 AA");
  expect(identity.changed).toBe(true);
});

it("says nothing of descriptions without certificates, such as a rollback", () => {
  const identity = new PeerIdentity();
  identity.settle("");
  identity.settle("sha-256 AA");
  expect(identity.see("")).toBe(false);
});

it("remembers who left and came, and not endlessly many", () => {
  const identities = new PeerIdentities();
  identities.of("b1").settle("sha-256 AA");
  for (let number = 0; number < 1_000; number++) identities.of(`p${number}`);
  expect(identities.of("b1").see("sha-256 BB")).toBe(true);
  for (let number = 0; number < 2_000; number++) identities.of(`q${number}`);
  expect(identities.of("b1").changed).toBe(false);
});
