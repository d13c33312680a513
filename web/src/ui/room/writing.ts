/** Whether the line of writing runs from right to left at an element. */
export function isRightToLeft(element: Element): boolean {
  return getComputedStyle(element).direction === "rtl";
}
