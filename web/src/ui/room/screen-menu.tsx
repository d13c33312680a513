import { Header, MenuItem, MenuSection, type Selection } from "react-aria-components";
import type { LocalMedia } from "../../call/media";
import { FRAME_RATES, type ScreenSettings, SIZES } from "../../call/screen-settings";
import { SCREENS } from "../../call/topology";
import { useStore } from "../app/services";
import { CheckIcon, CloseIcon, ScreenIcon } from "../kit/icons";
import { ShownMenu } from "../kit/shown-menu";
import type { Popup } from "../kit/use-popup";
import { rememberScreenSettings } from "./screen-choice";
import { useCallTexts } from "./texts";

/** Shares another screen, ends one of several, and says how screens are sent. */
export function ScreenMenu({ media, ...menu }: Popup & { media: LocalMedia }) {
  const t = useCallTexts();
  const { screens, screenSettings: settings } = useStore(media.view);
  const change = (changed: Partial<ScreenSettings>) => {
    const next = { ...settings, ...changed };
    rememberScreenSettings(next);
    media.setScreens(next);
  };
  return (
    <ShownMenu {...menu} label={t("call.screen.options")} placement="top">
      {screens.length > 0 && (
        <MenuSection aria-label={t("call.tile.ownScreen", { number: 1 })}>
          {screens.length < SCREENS.length && (
            <MenuItem
              className="menu-item"
              textValue={t("call.screen.another")}
              onAction={() => void media.shareScreen()}
            >
              <ScreenIcon size={18} />
              <span>{t("call.screen.another")}</span>
            </MenuItem>
          )}
          {screens.map(({ source }) => {
            const stop = t("call.tile.stopScreen", { number: SCREENS.indexOf(source) + 1 });
            return (
              <MenuItem
                key={source}
                className="menu-item"
                textValue={stop}
                onAction={() => media.stopScreen(source)}
              >
                <CloseIcon size={18} />
                <span>{stop}</span>
              </MenuItem>
            );
          })}
        </MenuSection>
      )}
      <Choice
        title={t("call.screen.purpose")}
        chosen={settings.purpose}
        // What was chosen for the other purpose would hardly suit.
        onChoose={(purpose) =>
          change({ purpose: purpose === "motion" ? "motion" : "text", framesPerSecond: null })
        }
        items={[
          ["text", t("call.screen.text"), t("call.screen.textHint")],
          ["motion", t("call.screen.motion"), t("call.screen.motionHint")],
        ]}
      />
      <Choice
        title={t("call.screen.frameRate")}
        chosen={`rate ${settings.framesPerSecond}`}
        onChoose={(key) =>
          change({
            framesPerSecond: FRAME_RATES.find((rate) => key === `rate ${rate}`) ?? null,
          })
        }
        items={[
          ["rate null", t("call.screen.frameRateAuto")],
          ...FRAME_RATES.map(
            (count) => [`rate ${count}`, t("call.screen.frames", { count })] as const,
          ),
        ]}
      />
      <Choice
        title={t("call.screen.size")}
        chosen={`size ${settings.lines}`}
        onChoose={(key) => change({ lines: SIZES.find((size) => key === `size ${size}`) ?? null })}
        items={[
          ["size null", t("call.screen.sizeFull")],
          ...SIZES.map(
            (lines) =>
              [`size ${lines}`, t("call.screen.sizeAtMost", { lines: String(lines) })] as const,
          ),
        ]}
      />
    </ShownMenu>
  );
}

interface ChoiceProps {
  title: string;
  chosen: string;
  onChoose(key: string): void;
  /** Keys, which are unique in the menu, names, and hints. */
  items: readonly (readonly [string, string, string?])[];
}

function Choice({ title, chosen, onChoose, items }: ChoiceProps) {
  const choose = (keys: Selection) => {
    const [key] = keys === "all" ? [] : [...keys];
    if (key !== undefined && key !== chosen) onChoose(String(key));
  };
  return (
    <MenuSection
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[chosen]}
      onSelectionChange={choose}
    >
      <Header className="menu-head">{title}</Header>
      {items.map(([key, name, hint]) => (
        <MenuItem key={key} id={key} className="menu-item" textValue={name}>
          {({ isSelected }) => (
            <>
              <span className="mark">{isSelected && <CheckIcon />}</span>
              <span className="menu-words">
                <span>{name}</span>
                {hint && <span className="soft">{hint}</span>}
              </span>
            </>
          )}
        </MenuItem>
      ))}
    </MenuSection>
  );
}
