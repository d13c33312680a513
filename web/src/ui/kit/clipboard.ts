/** Puts a text into the clipboard. False where the browser refuses, as it does on pages over plain http. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
