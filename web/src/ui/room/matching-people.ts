import type { Participant } from "../../call/topology";

/** From so many people on, the panel can be searched. */
export const SEARCHED_FROM = 10;

/** The people in whose names each of the words stands, in any case. */
export function matchingPeople<P extends Pick<Participant, "username" | "displayName">>(
  people: readonly P[],
  search: string,
): readonly P[] {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return people.filter(({ username, displayName = "" }) => {
    const names = `${displayName} ${username}`.toLocaleLowerCase();
    return words.every((word) => names.includes(word));
  });
}
