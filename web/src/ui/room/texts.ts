import type { Translate } from "../../texts/messages";
import type { CallOnlyTexts, CommonTexts } from "../../texts/texts.gen";
import { type RichText, ShownRich, useTranslate } from "../kit/texts";

export type CallTexts = CommonTexts & CallOnlyTexts;

/** Gives a text of the room, the call or what is around them. */
export type TranslateCall = Translate<CallTexts>;

/** Gives the texts of the room, which come with its chunk. */
export function useCallTexts(): TranslateCall {
  return useTranslate<CallTexts>();
}

/** Shows a text of the room that holds elements. */
export const CallRich: RichText<CallTexts> = ShownRich;
