import type { ComponentProps } from "react";

/** The key that presses a button from anywhere on the page. */
export interface Keys {
  /** As `aria-keyshortcuts` writes it. */
  readonly aria: string;
  /** As it stands on the keyboard. */
  readonly label: string;
}

/** Shows a key at the end of a tooltip or of a menu's item. Screen readers get it from `aria-keyshortcuts`. */
export function KeyCap({ keys }: { keys: Keys | null | undefined }) {
  return (
    keys && (
      <span className="key-cap" aria-hidden="true">
        {keys.label}
      </span>
    )
  );
}

/** Properties of a button of React Aria, which would not pass `aria-keyshortcuts` on. */
export function withKeys(keys: Keys | null | undefined) {
  if (!keys) return {};
  return {
    render: (button: ComponentProps<"button">) => (
      <button {...button} aria-keyshortcuts={keys.aria} />
    ),
  };
}
