/** A section of a catalogue, compiled by build/texts.mjs. */
declare module "*.json?section=common" {
  const section: import("./texts/messages").Section;
  export default section;
}
