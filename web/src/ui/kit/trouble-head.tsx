import type { ReactNode } from "react";

interface TroubleHeadProps {
  icon: ReactNode;
  title: ReactNode;
  /** What it means, in a sentence or two. */
  children: ReactNode;
  /** Read aloud at once, where the page appears by itself. */
  role?: "alert";
}

/** The head of a page that says why somebody cannot go on. */
export function TroubleHead({ icon, title, children, role }: TroubleHeadProps) {
  return (
    <>
      <span className="emblem warm">{icon}</span>
      <div className="card-head" role={role}>
        <h1>{title}</h1>
        <p className="soft">{children}</p>
      </div>
    </>
  );
}
