import { useStore } from "../app/services";
import { Switch } from "../kit/field";
import { Modal } from "../kit/modal";
import { ANNOUNCED, captions } from "./announced";
import { useCallTexts } from "./texts";

const KINDS = Object.keys(ANNOUNCED) as (keyof typeof ANNOUNCED)[];

/** What this browser keeps of how a call behaves. */
export function SettingsDialog({ onClose }: { onClose(): void }) {
  const t = useCallTexts();
  return (
    <Modal title={t("call.settings.title")} isOpen onClose={onClose}>
      <section className="form">
        <h3>{t("call.settings.announcements")}</h3>
        <p className="soft">{t("call.settings.announcementsText")}</p>
        {KINDS.map((kind) => (
          <Kind key={kind} kind={kind} />
        ))}
        <Switch
          label={t("call.settings.captions")}
          hint={t("call.settings.captionsHint")}
          isSelected={useStore(captions.state)}
          onChange={captions.choose}
        />
      </section>
    </Modal>
  );
}

function Kind({ kind }: { kind: keyof typeof ANNOUNCED }) {
  const t = useCallTexts();
  const { state, choose } = ANNOUNCED[kind];
  return (
    <Switch label={t(`call.announced.${kind}`)} isSelected={useStore(state)} onChange={choose} />
  );
}
