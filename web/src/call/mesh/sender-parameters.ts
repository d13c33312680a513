import { bestCodec, type Codec } from "../quality/codecs";

/** How a sender is to encode its track. */
export interface WantedEncoding {
  readonly active: boolean;
  readonly maxBitrate: number;
  readonly scaleResolutionDownBy?: number;
  readonly maxFramerate?: number;
  readonly priority?: RTCPriorityType;
  readonly degradationPreference?: RTCDegradationPreference;
  /** Names of codecs, the best one first: of those that both sides have agreed on, the first is used. */
  readonly codecs?: readonly string[];
}

/** The part of RTCRtpSender that is used. */
export type ControlledSender = Pick<RTCRtpSender, "getParameters" | "setParameters">;

/** `codec` is newer than TypeScript's description of the DOM. */
type Encoding = RTCRtpEncodingParameters & { codec?: Codec };

/** A bitrate that differs by less is not worth a call. */
const SAME_BITRATE = 0.1;
/** Refusals in a row after which a sender is left as it is. */
const MOST_REFUSALS = 3;

/**
 * Sets the parameters of one sender, one call at a time: a browser refuses parameters that it has not handed out
 * since the call before. Of several wanted meanwhile, the last counts. What a browser does not know it passes over;
 * where it refuses, it is asked for the plain ones, and else goes on as it is.
 */
export class SenderParameters {
  /** What is set; null before, and while codecs are still to be agreed on. */
  #set: WantedEncoding | null = null;
  #next: WantedEncoding | null = null;
  #isSetting = false;
  #refusals = 0;

  constructor(
    private readonly sender: ControlledSender,
    private readonly report: (error: unknown) => void,
  ) {}

  want(wanted: WantedEncoding): void {
    this.#next = wanted;
    if (!this.#isSetting) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isSetting = true;
    while (this.#next) {
      const wanted = this.#next;
      this.#next = null;
      if (this.#refusals < MOST_REFUSALS && !(this.#set && isAlike(this.#set, wanted))) {
        await this.#apply(wanted);
      }
    }
    this.#isSetting = false;
  }

  async #apply(wanted: WantedEncoding): Promise<void> {
    try {
      const parameters = this.sender.getParameters();
      const [encoding] = parameters.encodings ?? [];
      // Some browsers have none before the section is negotiated.
      if (!encoding) return;
      const { codecs = [] } = parameters;
      write(wanted, { encoding, parameters, isPlain: this.#refusals > 0 });
      await this.sender.setParameters(parameters);
      this.#set = codecs.length > 0 ? wanted : null;
    } catch (error) {
      this.#refusals += 1;
      this.report(error);
    }
  }
}

function isAlike(set: WantedEncoding, wanted: WantedEncoding): boolean {
  // Of what is not sent, nothing else matters.
  if (!set.active && !wanted.active) return true;
  const isNear = Math.abs(wanted.maxBitrate - set.maxBitrate) <= set.maxBitrate * SAME_BITRATE;
  return isNear && keyOf(set) === keyOf(wanted);
}

function keyOf(wanted: WantedEncoding): string {
  const { active, scaleResolutionDownBy, maxFramerate } = wanted;
  const { priority, degradationPreference, codecs } = wanted;
  const size = scaleResolutionDownBy?.toFixed(3);
  return [active, size, maxFramerate, priority, degradationPreference, codecs].join();
}

interface Target {
  readonly encoding: Encoding;
  readonly parameters: RTCRtpSendParameters;
  readonly isPlain: boolean;
}

function write(wanted: WantedEncoding, { encoding, parameters, isPlain }: Target): void {
  const { active, maxBitrate, scaleResolutionDownBy, maxFramerate } = wanted;
  Object.assign(encoding, {
    active,
    maxBitrate,
    ...(scaleResolutionDownBy && { scaleResolutionDownBy }),
    ...(maxFramerate && { maxFramerate }),
  });
  if (isPlain) return;
  const { priority, degradationPreference, codecs } = wanted;
  const codec = codecs && bestCodec<Codec>(parameters.codecs ?? [], codecs);
  if (priority) encoding.priority = priority;
  if (codec) encoding.codec = codec;
  if (degradationPreference) parameters.degradationPreference = degradationPreference;
}
