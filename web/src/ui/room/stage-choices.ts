import { bestEffort } from "../../call/best-effort";
import { Store } from "../../store";
import { CORNERS, type Corner, USUAL_CORNER } from "./own-corner";
import { ARRANGEMENTS, type Arrangement } from "./stage-focus";

/** How a person likes to see calls. */
export interface StageChoices {
  readonly arrangement: Arrangement;
  /** Whether their own tile is shown to them. */
  readonly showsSelf: boolean;
  /** Where their own tile floats. */
  readonly corner: Corner;
}

export const USUAL_CHOICES: StageChoices = {
  arrangement: "grid",
  showsSelf: true,
  corner: USUAL_CORNER,
};

const KEY = "parlour.stage";

/** Reads choices as this browser kept them, with the usual ones in the place of what is missing or unknown. */
export function choicesFrom(written: string | null): StageChoices {
  const read: unknown = bestEffort("the choices of the stage", () => JSON.parse(written ?? "{}"));
  const { arrangement, showsSelf, corner } = { ...(read as Record<string, unknown> | null) };
  return {
    arrangement: ARRANGEMENTS.find((one) => one === arrangement) ?? USUAL_CHOICES.arrangement,
    showsSelf: showsSelf !== false,
    corner: CORNERS.find((one) => one === corner) ?? USUAL_CHOICES.corner,
  };
}

/** The choices, kept in this browser. */
export class KeptChoices {
  readonly current: Store<StageChoices>;

  constructor(private readonly storage: () => Storage = () => localStorage) {
    const written = bestEffort("the choices of the stage", () => this.storage().getItem(KEY));
    this.current = new Store(choicesFrom(written));
  }

  change(changed: Partial<StageChoices>): void {
    const choices = { ...this.current.get(), ...changed };
    this.current.set(choices);
    // Without storage, they hold until the page is left.
    bestEffort("the choices of the stage", () =>
      this.storage().setItem(KEY, JSON.stringify(choices)),
    );
  }
}
