import { MenuItem, MenuSection, Text } from "react-aria-components";
import { canSuppressNoise } from "../../../call/effects/support";
import type { LocalMedia } from "../../../call/media";
import { useStore } from "../../app/services";
import { CheckIcon } from "../../kit/icons";
import { useShownTexts } from "../../kit/texts";
import { useCallTexts } from "../texts";
import { BackgroundIcon } from "./effect-icons";
import { shareWords } from "./effect-words";
import { keepEffects } from "./kept-effects";

/** What the camera's menu offers beside the cameras. */
export function BackgroundItem({ onOpen }: { onOpen(): void }) {
  const t = useCallTexts();
  return (
    <MenuSection aria-label={t("call.effects.background")}>
      <MenuItem className="menu-item menu-part" onAction={onOpen}>
        <BackgroundIcon />
        <Text slot="label">{t("call.effects.change")}</Text>
      </MenuItem>
    </MenuSection>
  );
}

/** What the microphone's menu offers beside the microphones. */
export function NoiseItem({ media }: { media: LocalMedia }) {
  const t = useCallTexts();
  const { language } = useShownTexts();
  const { choice, cost } = useStore(media.view).noise;
  const isAble = canSuppressNoise();
  const label = t("call.effects.noise");
  const about = cost && t("call.effects.noiseCost", { share: shareWords(language, cost) });
  const description = isAble ? about : t("call.effects.noNoise");
  return (
    <MenuSection
      aria-label={label}
      selectionMode="multiple"
      selectedKeys={choice ? ["noise"] : []}
      onSelectionChange={(keys) => {
        const noise = keys === "all" || keys.has("noise");
        keepEffects({ noise });
        media.setNoiseSuppression(noise);
      }}
    >
      <MenuItem id="noise" className="menu-item menu-part" isDisabled={!isAble} textValue={label}>
        {({ isSelected }) => (
          <>
            <span className="mark">{isSelected && <CheckIcon />}</span>
            <span className="menu-words">
              <Text slot="label">{label}</Text>
              {description && (
                <Text slot="description" className="soft small">
                  {description}
                </Text>
              )}
            </span>
          </>
        )}
      </MenuItem>
    </MenuSection>
  );
}
