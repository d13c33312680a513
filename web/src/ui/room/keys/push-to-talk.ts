export interface Talk {
  isMuted(): boolean;
  setMicrophone(on: boolean): void;
}

/** Turns a muted microphone on for as long as a key is held. */
export class PushToTalk {
  #isHeld = false;

  constructor(private readonly talk: Talk) {}

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** False where the key means nothing, since the microphone is on. */
  press(): boolean {
    if (this.#isHeld) return true;
    if (!this.talk.isMuted()) return false;
    this.#isHeld = true;
    this.talk.setMicrophone(true);
    return true;
  }

  /** Also where the window loses the focus: nobody would hear of the key that is let go then. */
  release(): boolean {
    if (!this.#isHeld) return false;
    this.#isHeld = false;
    this.talk.setMicrophone(false);
    return true;
  }
}
