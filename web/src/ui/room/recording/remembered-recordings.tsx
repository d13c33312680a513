import { type ComponentType, useEffect, useState } from "react";
import { mayHaveRecordings } from "../../../recordings-flag";
import { useIdentity } from "../../app/services";

type Loaded = { Kept: ComponentType<{ account: string }> };

/** Offers recordings that were not saved. What it takes is loaded only where this browser has recorded. */
export function RememberedRecordings() {
  const identity = useIdentity();
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  useEffect(() => {
    if (!mayHaveRecordings()) return;
    import("./offered-recordings")
      .then(async ({ loadCallTexts, OfferedRecordings: Kept }) => {
        await loadCallTexts();
        setLoaded({ Kept });
      })
      .catch((error: unknown) => console.warn("Recordings", error));
  }, []);
  return loaded && identity && <loaded.Kept account={identity.email} />;
}
