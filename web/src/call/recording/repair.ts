import {
  BlobSource,
  Conversion,
  Input,
  Output,
  StreamTarget,
  WEBM,
  WebMOutputFormat,
} from "mediabunny";
import { fileHandle, removeFile } from "./private-files";
import type { RecordingFile } from "./recorder-messages";
import { WrittenFile } from "./written-file";

/**
 * Writes what there is of a recording whose page died into a file in which one can seek. The media are copied as they
 * are; what was cut off at the end is left out. Where that fails, such as on a full disk, nothing of it stays.
 */
export async function repair(broken: RecordingFile, repaired: RecordingFile): Promise<void> {
  const handle = await fileHandle(broken);
  const input = new Input({ source: new BlobSource(await handle.getFile()), formats: [WEBM] });
  if (!((await input.computeDuration()) > 0)) throw new Error("Nothing of the recording is whole");
  const file = await WrittenFile.create(repaired);
  try {
    const output = new Output({
      format: new WebMOutputFormat(),
      target: new StreamTarget(file.stream()),
    });
    const conversion = await Conversion.init({ input, output });
    await conversion.execute();
    file.close();
  } catch (error) {
    file.abandon();
    await removeFile(repaired);
    throw error;
  } finally {
    input.dispose();
  }
}
