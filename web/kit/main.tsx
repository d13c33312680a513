/** All components in all their states, for who makes them. `make dev` serves it at /kit/; no build has it. */

import "./styles";
import { StrictMode } from "react";
import { I18nProvider, ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { createRoot } from "react-dom/client";
import { catalogues } from "../src/texts/browser-texts";
import { loadCallTexts } from "../src/texts/call-texts";
import { LanguageMenu } from "../src/ui/app/language-menu";
import { useStore } from "../src/ui/app/services";
import { chooseTheme, type Theme, theme } from "../src/ui/app/theme";
import { useShownTexts } from "../src/ui/kit/texts";
import { Toasts } from "../src/ui/kit/toast";
import { Buttons, Fields, Notices } from "./basics";
import { CallControls, Tiles } from "./call-parts";
import { ChatEntries } from "./chat-parts";
import { Overlays } from "./overlays";
import { Tokens } from "./tokens";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

function Kit() {
  const chosen = useStore(theme);
  return (
    <I18nProvider locale={useShownTexts().locale}>
      <main className="kit">
        <div className="row spread">
          <h1>The kit</h1>
          <span className="row">
            <ToggleButtonGroup
              className="theme-choice"
              aria-label="Appearance"
              disallowEmptySelection
              selectedKeys={[chosen]}
              onSelectionChange={(keys) => {
                const found = THEMES.find((one) => keys.has(one));
                if (found) chooseTheme(found);
              }}
            >
              {THEMES.map((id) => (
                <ToggleButton key={id} id={id} className="button quiet compact">
                  {id}
                </ToggleButton>
              ))}
            </ToggleButtonGroup>
            <LanguageMenu />
          </span>
        </div>
        <Tokens />
        <Buttons />
        <Fields />
        <Notices />
        <Overlays />
        <CallControls />
        <Tiles />
        <ChatEntries />
      </main>
      <Toasts />
    </I18nProvider>
  );
}

const root = document.getElementById("root");
void Promise.all([catalogues.load(), loadCallTexts()]).then(() => {
  if (!root) return;
  createRoot(root).render(
    <StrictMode>
      <Kit />
    </StrictMode>,
  );
});
