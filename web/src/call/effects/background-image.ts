import type { Background, PictureName } from "./background";
import { loadOwnPicture } from "./own-pictures";
import dusk from "./pictures/dusk.svg?url";
import hills from "./pictures/hills.svg?url";
import shelf from "./pictures/shelf.svg?url";

/** The addresses of the pictures that come with Parlour. */
export const PICTURES: Readonly<Record<PictureName, string>> = { dusk, hills, shelf };

/** Loads the picture that a choice names. */
export async function backgroundImage(
  background: Exclude<Background, "blur">,
): Promise<ImageBitmap> {
  const [kind, name = ""] = background.split(":");
  if (kind === "picture") return drawn(PICTURES[name as PictureName]);
  const picture = await loadOwnPicture(name);
  if (!picture) throw new Error("The picture is no longer kept in this browser");
  return createImageBitmap(picture);
}

/** Browsers make no bitmap of the file of a drawing, only of an element that shows it. */
async function drawn(address: string): Promise<ImageBitmap> {
  const image = new Image();
  image.src = address;
  await image.decode();
  return createImageBitmap(image);
}
