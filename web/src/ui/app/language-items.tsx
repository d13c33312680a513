import { MenuItem } from "react-aria-components";
import { catalogues } from "../../texts/browser-texts";
import { isLanguage, LANGUAGES, type Language } from "../../texts/languages";
import { CheckIcon } from "../kit/icons";
import { ShownMenu } from "../kit/shown-menu";
import { useTexts } from "../kit/texts";
import type { Popup } from "../kit/use-popup";
import { useStore } from "./services";

/** The item that follows the browser's languages. */
const BROWSER = "browser";

/** Each language is named in itself, so that those who read it find it. */
export function LanguageItems(menu: Popup) {
  const t = useTexts();
  const chosen = useStore(catalogues.chosen);
  return (
    <ShownMenu
      {...menu}
      label={t("app.language")}
      placement="top"
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[chosen ?? BROWSER]}
      onSelectionChange={(keys) => {
        const [key] = keys === "all" ? [] : [...keys];
        void catalogues.choose(isLanguage(key) ? key : null);
      }}
    >
      <MenuItem id={BROWSER} className="menu-item" textValue={t("app.languageOfBrowser")}>
        {({ isSelected }) => (
          <>
            <span className="mark">{isSelected && <CheckIcon />}</span>
            <span>{t("app.languageOfBrowser")}</span>
          </>
        )}
      </MenuItem>
      {(Object.keys(LANGUAGES) as Language[]).map((code) => (
        <MenuItem key={code} id={code} className="menu-item" textValue={LANGUAGES[code].name}>
          {({ isSelected }) => (
            <>
              <span className="mark">{isSelected && <CheckIcon />}</span>
              <span lang={code} dir={LANGUAGES[code].direction}>
                {LANGUAGES[code].name}
              </span>
            </>
          )}
        </MenuItem>
      ))}
    </ShownMenu>
  );
}
