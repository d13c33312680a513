import { Store } from "../store";
import type { Accepted, Rejected, ServerRecording } from "../wire.gen";
import type { ResumableSignaling } from "./resumable-signaling";

type Signals = Pick<ResumableSignaling, "startRecording" | "stopRecording" | "consentToRecording">;

/** The recording that the server makes of the call: of whom has not consented, it records nothing. */
export class ServerRecordings {
  /** Null where the server does not record. */
  readonly current = new Store<ServerRecording | null>(null);
  /** The recording to which the person has said that they stay in the call without being recorded. */
  readonly declined = new Store<string | null>(null);
  /** The recording to which the person has consented, perhaps before they entered; the server may not know it yet. */
  readonly agreed = new Store<string | null>(null);

  constructor(private readonly signals: Signals) {}

  /** Takes what the server says: at each join, and when it changes. */
  hear(recording: ServerRecording | null): void {
    this.current.set(recording);
    if (recording && !recording.consented && recording.recordingID === this.agreed.get())
      void this.consent();
  }

  /** Consents to a recording before the call is entered. */
  agreeTo(recordingID: string): void {
    this.agreed.set(recordingID);
  }

  /** Null where it has begun, else why it has not. */
  async start(): Promise<Rejected | null> {
    return refusalOf(await this.signals.startRecording());
  }

  async stop(): Promise<Rejected | null> {
    return refusalOf(await this.signals.stopRecording());
  }

  async consent(): Promise<Rejected | null> {
    const recording = this.current.get();
    if (!recording) return null;
    this.declined.set(null);
    this.agreed.set(recording.recordingID);
    return refusalOf(await this.signals.consentToRecording(recording.recordingID));
  }

  /** Stays in the call without being recorded. */
  decline(): void {
    this.declined.set(this.current.get()?.recordingID ?? null);
  }
}

function refusalOf(answer: Accepted | Rejected): Rejected | null {
  return answer.ok ? null : answer;
}
