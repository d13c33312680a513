import { fitted, layOutPicture, MOST_PLACES, PICTURE, type PicturePlace } from "./picture-layout";
import type { Scene } from "./recorder-messages";

const BACKGROUND = "#14181c";
const TILE = "#2a3138";
const FACE = "#4c6a7d";
const INK = "#ffffff";
const SHADE = "rgb(0 0 0 / 60%)";
const FONT = "sans-serif";
const NAME_SIZE = 16;
const RADIUS = 8;

/** Draws the call into one picture, from the latest frame of each source. */
export class Composer {
  readonly canvas = new OffscreenCanvas(PICTURE.width, PICTURE.height);
  readonly #drawing = this.canvas.getContext("2d", { alpha: false, desynchronized: true });
  /** The latest frame of each seat. */
  readonly #frames = new Map<string, VideoFrame>();
  #streams = new Map<string, ReadableStreamDefaultReader<VideoFrame>>();
  #places: PicturePlace[] = [];

  show(scene: Scene): void {
    this.#places = layOutPicture(scene.seats, scene);
    const wanted = new Set(scene.seats.filter((seat) => seat.hasPicture).map(({ id }) => id));
    for (const id of this.#streams.keys()) if (!wanted.has(id)) this.#drop(id);
  }

  /** Takes the latest frame of a stream from now on, in the place of the stream that the seat had. */
  follow(id: string, frames: ReadableStream<VideoFrame>): void {
    this.#drop(id);
    const reader = frames.getReader();
    if (this.#streams.size >= 2 * MOST_PLACES) {
      void reader.cancel().catch(() => {});
      return;
    }
    this.#streams.set(id, reader);
    void this.#read(id, reader);
  }

  async #read(id: string, reader: ReadableStreamDefaultReader<VideoFrame>): Promise<void> {
    try {
      while (this.#streams.get(id) === reader) {
        const { value: frame } = await reader.read();
        if (!frame) break;
        if (this.#streams.get(id) === reader) this.#keep(id, frame);
        else frame.close();
      }
    } catch (error) {
      console.warn("A source of the recording", error);
    }
    if (this.#streams.get(id) === reader) this.#drop(id);
  }

  #keep(id: string, frame: VideoFrame): void {
    this.#frames.get(id)?.close();
    this.#frames.set(id, frame);
  }

  #drop(id: string): void {
    const reader = this.#streams.get(id);
    this.#streams.delete(id);
    void reader?.cancel().catch(() => {});
    this.#frames.get(id)?.close();
    this.#frames.delete(id);
  }

  close(): void {
    for (const id of [...this.#streams.keys()]) this.#drop(id);
  }

  draw(): void {
    const drawing = this.#drawing;
    if (!drawing) throw new Error("There is no canvas to draw on");
    drawing.fillStyle = BACKGROUND;
    drawing.fillRect(0, 0, PICTURE.width, PICTURE.height);
    for (const place of this.#places) this.#drawPlace(drawing, place);
  }

  #drawPlace(drawing: OffscreenCanvasRenderingContext2D, place: PicturePlace): void {
    const { seat, left, top, width, height } = place;
    const frame = seat.hasPicture ? this.#frames.get(seat.id) : undefined;
    drawing.save();
    drawing.translate(left, top);
    drawing.beginPath();
    drawing.roundRect(0, 0, width, height, width < PICTURE.width ? RADIUS : 0);
    drawing.clip();
    drawing.fillStyle = TILE;
    drawing.fillRect(0, 0, width, height);
    if (frame) {
      const from = { width: frame.displayWidth, height: frame.displayHeight };
      const fit = fitted(from, place, seat.kind === "screen" ? "contain" : "cover");
      drawing.drawImage(frame, fit.left, fit.top, fit.width, fit.height);
    } else drawFace(drawing, place);
    drawName(drawing, place);
    drawing.restore();
  }
}

function drawFace(
  drawing: OffscreenCanvasRenderingContext2D,
  { seat, width, height }: PicturePlace,
): void {
  const radius = Math.min(width, height) / 4;
  drawing.fillStyle = FACE;
  drawing.beginPath();
  drawing.arc(width / 2, height / 2, radius, 0, 2 * Math.PI);
  drawing.fill();
  drawing.fillStyle = INK;
  drawing.font = `600 ${Math.round(radius)}px ${FONT}`;
  drawing.textAlign = "center";
  drawing.textBaseline = "middle";
  const [first = "?"] = seat.name;
  drawing.fillText(first.toUpperCase(), width / 2, height / 2);
}

function drawName(
  drawing: OffscreenCanvasRenderingContext2D,
  { seat, width, height }: PicturePlace,
): void {
  drawing.font = `500 ${NAME_SIZE}px ${FONT}`;
  drawing.textAlign = "left";
  drawing.textBaseline = "middle";
  const padding = NAME_SIZE / 2;
  const most = width - 4 * padding;
  const box = {
    height: NAME_SIZE * 1.7,
    width: Math.min(drawing.measureText(seat.name).width, most),
  };
  const top = height - box.height - padding;
  drawing.fillStyle = SHADE;
  drawing.beginPath();
  drawing.roundRect(padding, top, box.width + 2 * padding, box.height, RADIUS);
  drawing.fill();
  drawing.fillStyle = INK;
  drawing.fillText(seat.name, 2 * padding, top + box.height / 2, most);
}
