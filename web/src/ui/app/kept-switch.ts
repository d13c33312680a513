import { Store } from "../../store";

/** A choice between on and off that this browser keeps. */
export class KeptSwitch {
  readonly state: Store<boolean>;

  /** Keeps under `key` what differs from the default. */
  constructor(
    private readonly key: string,
    private readonly byDefault: boolean,
  ) {
    this.state = new Store(this.#stored() ?? byDefault);
  }

  readonly choose = (on: boolean): void => {
    this.state.set(on);
    try {
      if (on === this.byDefault) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, on ? "on" : "off");
    } catch {
      // Without storage, the choice holds until the page is left.
    }
  };

  #stored(): boolean | null {
    try {
      const value = localStorage.getItem(this.key);
      return value === null ? null : value === "on";
    } catch {
      return null;
    }
  }
}
