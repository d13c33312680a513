import type { Participant } from "./topology";

/**
 * The participants of now, with the same objects as before where nothing of them has changed, so that whoever shows
 * them can tell by identity (structural sharing). The very array of before where nothing has changed at all.
 */
export function withUnchanged(
  now: readonly Participant[],
  before: readonly Participant[],
): readonly Participant[] {
  const known = new Map(before.map((participant) => [participant.id, participant]));
  const shared = now.map((participant) => {
    const former = known.get(participant.id);
    return former && isSame(former, participant) ? former : participant;
  });
  const isAll =
    shared.length === before.length && shared.every((each, index) => each === before[index]);
  return isAll ? before : shared;
}

/** Compares records and lists by what they hold, anything else (a track) by identity. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (!isPlain(a) || !isPlain(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSame(a[name], b[name]))
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype;
}
