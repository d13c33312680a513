/** Does what `URL.canParse` does, which browsers from before 2024 lack. */
export function isUrl(text: string, base?: string): boolean {
  try {
    new URL(text, base);
    return true;
  } catch {
    return false;
  }
}
