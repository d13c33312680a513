import { withoutDirectionControls } from "../../names";

/** A name or an address that somebody chose: its direction is its own, whatever stands around it (UAX 9). */
export function Isolated({ children }: { children: string }) {
  return <bdi>{withoutDirectionControls(children)}</bdi>;
}
