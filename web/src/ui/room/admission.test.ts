import { expect, it } from "vitest";
import { Problem } from "../../problem";
import type { RoomEntrance } from "../../wire.gen";
import { type Admission, findAdmission } from "./admission";

const room = {
  name: "Garden",
  room_id: null,
  username: "ann",
  created_at: "2026-01-01T00:00:00Z",
  description: "Roses",
};
const known = {
  name: "Garden",
  description: "Roses",
  isEvent: false,
  isCreator: false,
  mustEncrypt: false,
  creator: { username: "ann", displayName: null },
  time: null,
};
const time = { starts_at: "2026-12-01T15:00:00Z", duration_minutes: 90 };
const found = (entrance: RoomEntrance) =>
  findAdmission({ entrance: async () => entrance }, "garden");
const failed = (problem: Problem) =>
  findAdmission({ entrance: () => Promise.reject(problem) }, "garden");

it.each<[string, RoomEntrance, Admission]>([
  [
    "its creator in",
    { room: { ...room, room_id: 7, ...time }, roles: ["creator"], next: "enter" },
    { kind: "admitted", room: { ...known, isEvent: true, isCreator: true, time } },
  ],
  [
    "others in after the password",
    { room, roles: [], next: "password" },
    { kind: "password", room: known },
  ],
  [
    "strangers into an unlisted room after the password",
    { room: null, roles: [], next: "password" },
    {
      kind: "password",
      room: {
        name: "garden",
        description: "",
        isEvent: false,
        isCreator: false,
        mustEncrypt: false,
        creator: null,
        time: null,
      },
    },
  ],
  [
    "nobody in who is banned, and says so",
    { room, roles: ["banned"], next: "not_for_you", code: "banned", message: "You were removed." },
    { kind: "closed", reason: { code: "banned", message: "You were removed." } },
  ],
  [
    "nobody in who is not invited, and says no more than of a room that does not exist",
    { room: null, roles: [], next: "not_for_you", code: "not_invited", message: "Not invited." },
    { kind: "closed", reason: null },
  ],
])("lets %s", async (_, entrance, admission) => {
  expect(await found(entrance)).toEqual(admission);
});

it("takes a room that does not exist for closed, and anything else for a problem", async () => {
  expect(await failed(new Problem(404, "room_not_found", ""))).toEqual({
    kind: "closed",
    reason: null,
  });
  const problem = Problem.unreachable();
  expect(await failed(problem)).toEqual({ kind: "problem", problem });
});

it("has calls encrypted where the room or the link asks for it", async () => {
  const must = async (encryption: "on" | "off" | undefined, isMarked: boolean) => {
    const entrance = { room: { ...room, ...(encryption && { encryption }) }, roles: [] };
    const api = { entrance: async () => ({ ...entrance, next: "enter" as const }) };
    const admission = await findAdmission(api, "garden", isMarked);
    return admission.kind === "admitted" && admission.room.mustEncrypt;
  };
  expect([await must("on", false), await must(undefined, true), await must("off", true)]).toEqual([
    true,
    true,
    true,
  ]);
  expect([await must("off", false), await must(undefined, false)]).toEqual([false, false]);
});
