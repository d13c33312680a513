import { Chunk } from "../../chunk";
import { LANGUAGES } from "../../texts/languages";
import { LanguageIcon } from "../kit/icons";
import { MenuButton } from "../kit/menu-button";
import { useShownTexts, useTexts } from "../kit/texts";

const ITEMS = new Chunk(() => import("./language-items").then((items) => items.LanguageItems));

/** Chooses the language of the interface. */
export function LanguageMenu() {
  const t = useTexts();
  const { language } = useShownTexts();
  const { name } = LANGUAGES[language];
  return (
    <MenuButton
      label={t("app.languageOf", { language: name })}
      className="button quiet compact"
      menu={ITEMS}
      values={{}}
    >
      <LanguageIcon size={18} />
      <span lang={language}>{name}</span>
    </MenuButton>
  );
}
