import { useCallback, useEffect, useState } from "react";
import {
  type KeptRecording,
  keptRecordings,
  removeRecording,
  saveRecording,
  whenFree,
} from "../../../call/recording/kept-recordings";
import { Action } from "../../kit/button";
import { Isolated } from "../../kit/isolated";
import { sizeWords } from "../../kit/size-words";
import { useShownTexts, useTimes } from "../../kit/texts";
import { toast } from "../../kit/toast";
import { useCallTexts } from "../texts";

/** The recordings of this person that are in this browser alone, to be saved or deleted. */
export function KeptRecordings({ account }: { account: string }) {
  const t = useCallTexts();
  const { recordings, reload } = useKept(account);
  if (recordings.length === 0) return null;
  return (
    <section className="kept-recordings stack" aria-label={t("call.record.kept")}>
      <div>
        <h2>{t("call.record.kept")}</h2>
        <p className="soft small">{t("call.record.keptText")}</p>
      </div>
      <ul className="table-list">
        {recordings.map((recording) => (
          <Kept key={recording.file.name} recording={recording} onChange={reload} />
        ))}
      </ul>
    </section>
  );
}

/** Lists them, and again when one is not written any more. */
function useKept(account: string) {
  const [recordings, setRecordings] = useState<readonly KeptRecording[]>([]);
  const [changes, setChanges] = useState(0);
  const reload = useCallback(() => setChanges((count) => count + 1), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change asks for the list anew
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const list = async () => {
      const found = await keptRecordings(account);
      if (signal.aborted) return;
      setRecordings(found);
      for (const busy of found.filter(({ isBusy }) => isBusy)) {
        await whenFree(busy, signal);
        reload();
      }
    };
    list().catch((error: unknown) => {
      if (!signal.aborted) console.warn("Listing recordings", error);
    });
    return () => ending.abort();
  }, [account, changes, reload]);
  return { recordings, reload };
}

function Kept({ recording, onChange }: { recording: KeptRecording; onChange(): void }) {
  const t = useCallTexts();
  const times = useTimes();
  const { locale } = useShownTexts();
  const [isSaving, setSaving] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const { room, startedAt, bytes, isBusy, isWhole, isCut } = recording;
  const save = async () => {
    setSaving(true);
    await saveRecording(recording).catch((error: unknown) => {
      console.warn("Saving a recording", error);
      toast(t("call.record.notSaved"));
    });
    setSaving(false);
    onChange();
  };
  const remove = async () => {
    await removeRecording(recording).catch((error: unknown) =>
      console.warn("Deleting a recording", error),
    );
    onChange();
  };
  return (
    <li>
      <span className="grow">
        <strong>
          <Isolated>{room}</Isolated>
        </strong>
        <span className="soft small kept-facts">
          <span>{times.moment(startedAt.toISOString())}</span>
          {isBusy ? <span>{t("call.record.busy")}</span> : <span>{sizeWords(bytes, locale)}</span>}
          {!isWhole && !isBusy && (
            <span>{t(isCut ? "call.record.noEnd" : "call.record.cutOff")}</span>
          )}
        </span>
        {!isBusy && (
          <span className="row">
            <Action
              look="primary"
              className="compact"
              isPending={isSaving}
              onPress={() => void save()}
            >
              {t("call.record.save")}
            </Action>
            <Action
              look={isAsking ? "danger" : "quiet"}
              className="compact"
              isDisabled={isSaving}
              onPress={() => (isAsking ? void remove() : setAsking(true))}
              onBlur={() => setAsking(false)}
            >
              {isAsking ? t("call.record.deleteForGood") : t("call.record.delete")}
            </Action>
          </span>
        )}
      </span>
    </li>
  );
}
