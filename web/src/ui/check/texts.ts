import type { Translate } from "../../texts/messages";
import type { CallOnlyTexts, CheckOnlyTexts, CommonTexts } from "../../texts/texts.gen";
import { useTranslate } from "../kit/texts";

type CheckTexts = CommonTexts & CallOnlyTexts & CheckOnlyTexts;

/** Gives a text of a check; words of devices and connections are those of calls. */
export type TranslateCheck = Translate<CheckTexts>;

export function useCheckTexts(): TranslateCheck {
  return useTranslate<CheckTexts>();
}
