const UNITS = ["kilobyte", "megabyte", "gigabyte"] as const;

/** Writes a number of bytes as people read it, such as "12.3 MB". */
export function sizeWords(bytes: number, locale: string): string {
  const power = Math.min(Math.max(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 1), UNITS.length);
  const value = bytes / 1000 ** power;
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: UNITS[power - 1] ?? "kilobyte",
    maximumFractionDigits: value < 100 ? 1 : 0,
  }).format(value);
}
