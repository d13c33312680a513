import type { CSSProperties } from "react";

function hueOf(name: string): number {
  let hash = 7;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 360;
  return hash;
}

export function Avatar({ name, size = 36 }: { name: string; size?: number }) {
  const style = { "--hue": hueOf(name), "--avatar-size": `${size}px` } as CSSProperties;
  return (
    // The letter is drawn by the style sheet: as text it would belong to the name of what it adorns.
    <span className="avatar" style={style} data-letter={[...name][0] ?? "?"} aria-hidden="true" />
  );
}
