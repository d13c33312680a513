import { useSyncExternalStore } from "react";
import type { Call } from "../../../call/call";
import { useStore } from "../../app/services";

const never = () => () => {};

/** Whether this browser records now, or is about to end it. */
export function useIsRecording(call: Call): boolean {
  const state = useStore(call.recorder)?.state;
  return useSyncExternalStore(
    state?.subscribe ?? never,
    () => state !== undefined && state.get().phase !== "ended",
  );
}
