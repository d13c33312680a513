import { type Remote, transfer, wrap } from "comlink";
import folder from "segmentation-folder";
import { within } from "../within";

const WORKERS = {
  blur: "twilio-gaussian-blur-background-processor-pipeline-worker.js",
  picture: "twilio-virtual-background-processor-pipeline-worker.js",
};
/** What the library's processors take by default; a lower radius of the mask costs less and shows more edges. */
const OPTIONS = {
  assetsPath: "",
  blurFilterRadius: 15,
  deferInputFrameDownscale: false,
  fitType: "Cover",
  hysteresis: true,
  maskBlurRadius: 8,
};
/** The longest time for a picture; a worker that takes longer is considered dead. */
const RENDER_MS = 10_000;

/** The pipelines that the workers of @twilio/video-processors 3.2 expose; they serve its own proxies. */
interface Pipeline {
  loadTwilioTFLite(): Promise<boolean>;
  setBackgroundImage(image: ImageBitmap): Promise<void>;
  render(picture: VideoFrame | ImageBitmap): Promise<ImageBitmap | null>;
}

/** A worker that finds the person in pictures, and blurs or replaces what is behind them. */
export class Segmentation {
  readonly #worker: Worker;
  readonly #broken: Promise<never>;
  #pipeline: Remote<Pipeline> | null = null;

  constructor(private readonly image: ImageBitmap | null) {
    this.#worker = new Worker(folder + WORKERS[image ? "picture" : "blur"]);
    this.#broken = new Promise((_, reject) => {
      this.#worker.addEventListener("error", (event) => {
        event.preventDefault(); // it is handled: the effect ends
        reject(new Error(event.message));
      });
    });
    this.#broken.catch(() => {}); // is handled by who waits for something
  }

  async load(): Promise<void> {
    await Promise.race([this.#load(), this.#broken]);
  }

  /** Takes a picture over, and gives the changed one. */
  async render(picture: VideoFrame | ImageBitmap): Promise<ImageBitmap> {
    const rendering = this.#pipeline?.render(transfer(picture, [picture]));
    const rendered = await within(RENDER_MS, Promise.race([rendering, this.#broken]));
    if (!rendered) throw new Error("The worker gave no picture");
    return rendered;
  }

  close(): void {
    this.#worker.terminate();
    this.image?.close();
  }

  async #load(): Promise<void> {
    const Exposed = wrap<new (options: typeof OPTIONS) => Pipeline>(this.#worker);
    const pipeline = await new Exposed(OPTIONS);
    await pipeline.loadTwilioTFLite();
    if (this.image) await pipeline.setBackgroundImage(transfer(this.image, [this.image]));
    this.#pipeline = pipeline as Remote<Pipeline>;
  }
}
