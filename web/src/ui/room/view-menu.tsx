import { Header, MenuItem, MenuSection, Separator, Text } from "react-aria-components";
import { useStore } from "../app/services";
import { useFullscreenElement } from "../kit/fullscreen";
import { CheckIcon } from "../kit/icons";
import { ShownMenu } from "../kit/shown-menu";
import { toast } from "../kit/toast";
import type { Popup } from "../kit/use-popup";
import type { PictureInPicture } from "./picture-in-picture";
import type { KeptChoices } from "./stage-choices";
import { ARRANGEMENTS, type Arrangement } from "./stage-focus";
import { useCallTexts } from "./texts";

const TEXTS = {
  grid: { name: "call.view.grid", hint: "call.view.gridHint" },
  speaker: { name: "call.view.speaker", hint: "call.view.speakerHint" },
} as const satisfies Record<Arrangement, unknown>;

interface ViewMenuProps extends Popup {
  choices: KeptChoices;
  small: PictureInPicture;
}

/** Chooses how the call is seen. */
export function ViewMenu({ choices, small, ...menu }: ViewMenuProps) {
  const t = useCallTexts();
  const { arrangement, showsSelf } = useStore(choices.current);
  return (
    <ShownMenu {...menu} label={t("call.view.title")} placement="bottom end">
      <MenuSection
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[arrangement]}
        onSelectionChange={(keys) => {
          const chosen = ARRANGEMENTS.find((one) => keys !== "all" && keys.has(one));
          if (chosen) choices.change({ arrangement: chosen });
        }}
      >
        <Header className="menu-head">{t("call.view.title")}</Header>
        {ARRANGEMENTS.map((one) => (
          <ViewItem key={one} id={one} name={t(TEXTS[one].name)} hint={t(TEXTS[one].hint)} />
        ))}
      </MenuSection>
      <Separator className="menu-line" />
      <MenuSection
        aria-label={t("call.view.own")}
        selectionMode="multiple"
        selectedKeys={showsSelf ? ["self"] : []}
        onSelectionChange={(keys) =>
          choices.change({ showsSelf: keys !== "all" && keys.has("self") })
        }
      >
        <ViewItem id="self" name={t("call.view.showSelf")} hint={t("call.view.showSelfHint")} />
      </MenuSection>
      <Separator className="menu-line" />
      <SmallWindowItem small={small} />
      {document.fullscreenEnabled && <FullscreenItem />}
    </ShownMenu>
  );
}

interface ViewItemProps {
  id: string;
  name: string;
  hint?: string;
  onAction?: () => void;
}

function ViewItem({ id, name, hint, onAction }: ViewItemProps) {
  return (
    <MenuItem id={id} className="menu-item" textValue={name} {...(onAction && { onAction })}>
      {({ isSelected }) => (
        <>
          <span className="mark">{isSelected && <CheckIcon />}</span>
          <span className="menu-words">
            <Text slot="label">{name}</Text>
            {hint && (
              <Text slot="description" className="soft">
                {hint}
              </Text>
            )}
          </span>
        </>
      )}
    </MenuItem>
  );
}

function SmallWindowItem({ small }: { small: PictureInPicture }) {
  const t = useCallTexts();
  const isShown = useStore(small.shown) !== null;
  if (!isShown && !small.isPossible) return null;
  const open = () =>
    small.open().catch((error: unknown) => {
      console.warn("The small window", error);
      toast(t("call.view.noApart"));
    });
  return (
    <ViewItem
      id="small-window"
      name={isShown ? t("call.view.closeApart") : t("call.view.apart")}
      {...(!isShown && { hint: t("call.view.apartHint") })}
      onAction={() => (isShown ? small.close() : void open())}
    />
  );
}

function FullscreenItem() {
  const t = useCallTexts();
  const isFull = useFullscreenElement() !== null;
  const toggle = () => {
    const page = document.documentElement;
    const done = isFull ? document.exitFullscreen() : page.requestFullscreen();
    done.catch(() => toast(t("call.tile.noFullScreen")));
  };
  return (
    <ViewItem
      id="full-screen"
      name={isFull ? t("call.tile.leaveFullScreen") : t("call.tile.fullScreen")}
      onAction={toggle}
    />
  );
}
