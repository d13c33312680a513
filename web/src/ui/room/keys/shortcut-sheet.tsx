import { useStore } from "../../app/services";
import { Switch } from "../../kit/field";
import { Modal } from "../../kit/modal";
import { useCallTexts } from "../texts";
import { groupedShortcuts, SHORTCUTS, type Shortcut, type ShortcutName } from "./shortcuts";
import { singleKeys } from "./use-shortcuts";

/** Lists every shortcut, and switches them off. */
export function ShortcutSheet({ onClose }: { onClose(): void }) {
  const t = useCallTexts();
  const isOn = useStore(singleKeys.state);
  return (
    <Modal title={t("call.keys.title")} isOpen onClose={onClose}>
      <div className="form shortcut-sheet">
        <Switch
          label={t("call.keys.switch")}
          hint={t("call.keys.switchHint")}
          isSelected={isOn}
          onChange={singleKeys.choose}
        />
        {groupedShortcuts().map(({ text, names }) => (
          <section key={text}>
            <h3>{t(text)}</h3>
            <dl className={isOn ? "" : "is-off"}>
              {names.map((name) => (
                <Row key={name} name={name} />
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}

function Row({ name }: { name: ShortcutName }) {
  const t = useCallTexts();
  const { key }: Shortcut = SHORTCUTS[name];
  return (
    <div>
      <dt>{t(SHORTCUTS[name].text)}</dt>
      <dd>
        <kbd className="key-cap">{key === " " ? t("call.keys.space") : key.toUpperCase()}</kbd>
      </dd>
    </div>
  );
}
