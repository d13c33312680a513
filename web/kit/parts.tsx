import type { ReactNode } from "react";

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** Components beside each other, as many in a line as there is room. */
export function States({ children }: { children: ReactNode }) {
  return <div className="states">{children}</div>;
}

/** A component in one of its states. */
export function State({ name, children }: { name: string; children: ReactNode }) {
  return (
    <figure className="state">
      <figcaption>{name}</figcaption>
      {children}
    </figure>
  );
}
