import { useCallback } from "react";
import { Store } from "../../store";
import { useStored } from "../app/services";

const KEY = "parlour.volumes";
/** The most people whose volume is kept; the longest known go first. */
const MOST = 100;

type Volumes = Readonly<Record<string, number>>;

function stored(): Volumes {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    const entries = Object.entries(kept ?? {}).filter(([, volume]) => isVolume(volume));
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}

function isVolume(volume: unknown): boolean {
  return typeof volume === "number" && volume >= 0 && volume <= 1;
}

/** How loud each person is played here, 0 to 1, by username; for as long as this tab is open. */
const volumes = new Store<Volumes>(stored());

function choose(username: string, volume: number): void {
  const others = Object.entries(volumes.get()).filter(([name]) => name !== username);
  volumes.set(Object.fromEntries([...others, [username, volume]].slice(-MOST)));
  try {
    sessionStorage.setItem(KEY, JSON.stringify(volumes.get()));
  } catch {
    // Without storage, it holds until the page is left.
  }
}

export function useVolumeOf(username: string): [number, (volume: number) => void] {
  const volume = useStored(volumes, (all) => all[username] ?? 1);
  return [volume, useCallback((chosen: number) => choose(username, chosen), [username])];
}
