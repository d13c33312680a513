/** Told apart with most kinds of colour blindness (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"] as const;
const DASHES = ["", "6 3", "2 3", "9 3 2 3"] as const;

/** How a line is drawn: by dashes too, for those who cannot tell its colour. */
export function lineStyle(index: number): { colour: string; dash: readonly number[] } {
  const dash = DASHES[index % DASHES.length] ?? "";
  return {
    colour: COLOURS[index % COLOURS.length] ?? COLOURS[0],
    dash: dash.split(" ").filter(Boolean).map(Number),
  };
}
