import { useState } from "react";
import { Chunk } from "../../../chunk";
import { mayHaveRecordings } from "../../../recordings-flag";
import { loadCallTexts } from "../../../texts/call-texts";
import { useIdentity } from "../../app/services";
import { useChunk } from "../../kit/use-chunk";

const OFFERED = new Chunk(async () => {
  const [{ KeptRecordings }] = await Promise.all([import("./kept-recordings"), loadCallTexts()]);
  return KeptRecordings;
});

/** Offers recordings that were not saved. What it takes is loaded only where this browser has recorded. */
export function RememberedRecordings() {
  const identity = useIdentity();
  const [isNeeded] = useState(mayHaveRecordings);
  const { part: Offered } = useChunk(OFFERED, isNeeded);
  return isNeeded && Offered && identity && <Offered account={identity.email} />;
}
