import type { CSSProperties } from "react";

function hueOf(name: string): number {
  let hash = 7;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 360;
  return hash;
}

export function Avatar({ name, size = 36 }: { name: string; size?: number }) {
  const style = { "--hue": hueOf(name), "--avatar-size": `${size}px` } as CSSProperties;
  return (
    // The style sheet draws the letter: as text it would become part of the accessible name around it.
    <span className="avatar" style={style} data-letter={[...name][0] ?? "?"} aria-hidden="true" />
  );
}
