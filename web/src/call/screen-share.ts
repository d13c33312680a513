/** Why a screen could not be shared. A person who closes the picker causes no problem. */
export type ScreenProblem = "denied" | "failed";

/** Captures the screen, window or tab that the person picks. */
export class ScreenShare {
  #track: MediaStreamTrack | null = null;
  #problem: ScreenProblem | null = null;
  #request = 0;
  #state: "running" | "suspended" | "closed" = "running";

  constructor(
    private readonly devices: MediaDevices | null,
    private readonly changed: () => void,
  ) {}

  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  get problem(): ScreenProblem | null {
    return this.#problem;
  }

  get isPossible(): boolean {
    return Boolean(this.devices?.getDisplayMedia);
  }

  /** Asks for a screen; false where none is shared. A track picked after a newer request or the call's end is stopped. */
  async start(): Promise<boolean> {
    if (!this.devices?.getDisplayMedia || this.#state !== "running") return false;
    const request = ++this.#request;
    this.#show(null);
    try {
      const stream = await this.devices.getDisplayMedia({ video: true });
      const [track = null] = request === this.#request ? stream.getVideoTracks() : [];
      for (const other of stream.getTracks()) if (other !== track) other.stop();
      if (track) this.#share(track);
      return track !== null;
    } catch (error) {
      if (request === this.#request) this.#show(screenProblem(error));
      return false;
    }
  }

  stop(): void {
    this.#request++;
    this.#track?.stop();
    this.#track = null;
    this.#show(null);
  }

  suspend(): void {
    if (this.#state === "running") this.#state = "suspended";
    this.stop();
  }

  resume(): void {
    if (this.#state === "suspended") this.#state = "running";
  }

  close(): void {
    this.#state = "closed";
    this.stop();
  }

  #share(track: MediaStreamTrack): void {
    this.#track?.stop();
    this.#track = track;
    track.contentHint = "detail";
    track.addEventListener("ended", () => {
      if (track === this.#track) this.stop();
    });
    this.#show(null);
  }

  #show(problem: ScreenProblem | null): void {
    this.#problem = problem;
    this.changed();
  }
}

/** Tells "the system forbids it" from "the person closed the picker" by the text: the error's name is the same. */
function screenProblem(error: unknown): ScreenProblem | null {
  const { name, message } = error as DOMException;
  if (name !== "NotAllowedError") return name === "AbortError" ? null : "failed";
  return /system|policy/i.test(message) ? "denied" : null;
}
