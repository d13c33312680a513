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

it("tells who began, who recorded when they came, who ended, and nothing of others", () => {
  const silent = { ...ann, records: false };
  expect(recordingNews([silent, bob], [ann, bob])).toEqual({ began: "ann", met: "", ended: "" });
  expect(recordingNews([bob], [ann, bob])).toEqual({ began: "", met: "ann", ended: "" });
  expect(recordingNews([ann, bob], [silent, bob])).toEqual({ began: "", met: "", ended: "ann" });
  expect(recordingNews([ann], [ann, bob])).toEqual({ began: "", met: "", ended: "" });
  expect(recordingNews([ann], [bob])).toEqual({ began: "", met: "", ended: "" });
});
