import { Store } from "../store";

export interface SpeakerView {
  /** Empty where the browser lets pages choose none, or has not been given a permission yet. */
  readonly choices: readonly MediaDeviceInfo[];
  /** The chosen device, where it is there; else an empty text, which is the system's default. */
  readonly deviceId: string;
}

/** Something that a browser plays sound with, and that may play it on a device of one's choice. */
interface Sink {
  setSinkId?(deviceId: string): Promise<void>;
}

/** Where the sound of the others comes out. A device that goes is replaced by the default, and back when it is. */
export class Speaker {
  readonly view = new Store<SpeakerView>({ choices: [], deviceId: "" });
  #wished: string | null = null;

  constructor(private readonly isChoosable = canChooseSpeaker()) {}

  choose(deviceId: string | null): void {
    this.#wished = deviceId;
    this.#show(this.view.get().choices);
  }

  list(all: readonly MediaDeviceInfo[]): void {
    if (!this.isChoosable) return;
    this.#show(all.filter(({ kind, deviceId }) => kind === "audiooutput" && deviceId !== ""));
  }

  #show(choices: readonly MediaDeviceInfo[]): void {
    const isThere = choices.some(({ deviceId }) => deviceId === this.#wished);
    this.view.set({ choices, deviceId: isThere && this.#wished ? this.#wished : "" });
  }
}

/** Plays on a device; where that fails, sound stays where it comes out. */
export async function playOn(sink: Sink, deviceId: string): Promise<void> {
  const present = (sink as { sinkId?: string }).sinkId ?? "";
  if (!sink.setSinkId || present === deviceId) return;
  try {
    await sink.setSinkId(deviceId);
  } catch (error) {
    console.warn("Without the chosen speaker", error);
  }
}

function canChooseSpeaker(): boolean {
  return "setSinkId" in (globalThis.HTMLMediaElement?.prototype ?? {});
}
