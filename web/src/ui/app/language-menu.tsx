import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { catalogues } from "../../texts/browser-texts";
import { isLanguage, LANGUAGES, type Language } from "../../texts/languages";
import { CheckIcon, LanguageIcon } from "../kit/icons";
import { useShownTexts, useTexts } from "../kit/texts";
import { useStore } from "./services";

/** The item that follows the browser's languages. */
const BROWSER = "browser";

/** Chooses the language of the interface. Each language is named in itself, so that those who read it find it. */
export function LanguageMenu() {
  const t = useTexts();
  const { language } = useShownTexts();
  const chosen = useStore(catalogues.chosen);
  const { name } = LANGUAGES[language];
  return (
    <MenuTrigger>
      <Button className="button quiet compact" aria-label={t("app.languageOf", { language: name })}>
        <LanguageIcon size={18} />
        <span lang={language}>{name}</span>
      </Button>
      <Popover className="popover" placement="top">
        <Menu
          className="menu"
          aria-label={t("app.language")}
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
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
