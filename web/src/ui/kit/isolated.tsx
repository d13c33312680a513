import { withoutDirectionControls } from "../../names";

/** Isolates the text direction of a name or an address from the text around it (UAX 9). */
export function Isolated({ children }: { children: string }) {
  return <bdi>{withoutDirectionControls(children)}</bdi>;
}
