import { expect, it } from "vitest";
import { recordersAmong, recordersIn, recordingNews } from "./recorder-names";

const ann = { id: "1", username: "ann", records: true };
const bob = { id: "2", username: "bob", displayName: "Bob Lee" };

it("names those who record by the names that people see", () => {
  expect(recordersIn([ann, bob])).toBe("ann");
  expect(recordersIn([ann, { ...bob, records: true }])).toBe("ann, Bob Lee");
  expect(recordersIn([bob])).toBe("");
  const peers = [
    { peerID: "1", peerUsername: "ann", recording: true },
    { peerID: "2", peerUsername: "bob" },
  ];
  expect(recordersAmong(peers)).toBe("ann");
});

it("tells who began and who ended, and nothing of who comes without recording or goes", () => {
  expect(recordingNews([bob], [ann, bob])).toEqual({ began: "ann", ended: "" });
  expect(recordingNews([ann, bob], [{ ...ann, records: false }, bob])).toEqual({
    began: "",
    ended: "ann",
  });
  expect(recordingNews([ann], [ann, bob])).toEqual({ began: "", ended: "" });
  expect(recordingNews([ann], [bob])).toEqual({ began: "", ended: "" });
});
