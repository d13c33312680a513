import { type ReactElement, useState } from "react";
import { Label, Radio, RadioGroup } from "react-aria-components";
import type { Call } from "../../../call/call";
import { newRecordingFile } from "../../../call/recording/kept-recordings";
import type { RecordedView } from "../../../call/recording/picture-layout";
import { Recorder, type RecorderState } from "../../../call/recording/recorder";
import { SoundMix } from "../../../call/recording/sound-mix";
import { canRecord } from "../../../call/recording/track-frames";
import { formatDuration } from "../../../clock";
import { useServerConfig, useStore } from "../../app/services";
import { Action, CloseAction } from "../../kit/button";
import { Notice, Spinner } from "../../kit/notice";
import { sizeWords } from "../../kit/size-words";
import { useShownTexts } from "../../kit/texts";
import { useCallTexts } from "../texts";
import { KeptRecordings } from "./kept-recordings";
import { ServerRecordingControl } from "./server-recording-control";

interface RecordingPanelProps {
  call: Call;
  /** The account that the recordings belong to. */
  account: string;
  /** The name under which the person at this browser is in the picture. */
  name: string;
  /** The creator of the room may have the server record. */
  isCreator: boolean;
  onClose(): void;
}

/** Begins, follows and ends a recording, and keeps those that are not saved yet. */
export function RecordingPanel({ call, account, name, isCreator, onClose }: RecordingPanelProps) {
  const t = useCallTexts();
  const recorder = useStore(call.recorder);
  const hasServer = useServerConfig()?.recording === true && isCreator;
  return (
    <aside className="panel" aria-label={t("call.record.title")} ref={arrive} tabIndex={-1}>
      <header className="panel-head">
        <h2>{t("call.record.title")}</h2>
        <CloseAction label={t("call.record.close")} onPress={onClose} />
      </header>
      <div className="panel-body stack">
        {hasServer && <ServerRecordingControl recordings={call.serverRecordings} />}
        {hasServer && <h3>{t("call.record.here")}</h3>}
        {!canRecord() && <Notice>{t("call.record.impossible")}</Notice>}
        {canRecord() && !recorder && <Beginning {...{ call, account, name }} />}
        {recorder && <Running key={recorder.options.file.name} {...{ call, account, recorder }} />}
        {!recorder && <KeptRecordings account={account} />}
      </div>
    </aside>
  );
}

function arrive(panel: HTMLElement | null): void {
  panel?.focus({ preventScroll: true });
}

type What = "everybody" | "own";

function Beginning({ call, account, name }: Omit<RecordingPanelProps, "isCreator" | "onClose">) {
  const t = useCallTexts();
  const [what, setWhat] = useState<What>("everybody");
  const [view, setView] = useState<RecordedView>("grid");
  const [isPending, setPending] = useState(false);
  const [problem, setProblem] = useState<"untold" | "failed" | null>(null);
  const begin = async () => {
    setPending(true);
    const everybody = what === "everybody";
    const screenName = (owner: string, number: number) =>
      t("call.tile.theirScreen", { name: owner, number });
    let mix: SoundMix | null = null;
    try {
      mix = new SoundMix(); // within the click, after which browsers let sound through
      const isTold = !everybody || (await call.beginRecording());
      if (isTold) {
        const file = newRecordingFile(account, call.room, new Date());
        const options = { everybody, view, ownName: name, file, screenName };
        call.recorder.set(new Recorder(call, options, mix));
      } else mix.close();
      setProblem(isTold ? null : "untold");
    } catch (error) {
      console.warn("Recording", error);
      mix?.close();
      if (everybody) call.endRecording();
      setProblem("failed");
    }
    setPending(false);
  };
  return (
    <>
      <Choices<What>
        label={t("call.record.what")}
        value={what}
        onChange={setWhat}
        options={[
          ["everybody", t("call.record.everybody"), t("call.record.everybodyHint")],
          ["own", t("call.record.own"), t("call.record.ownHint")],
        ]}
      />
      {what === "everybody" && (
        <Choices<RecordedView>
          label={t("call.record.view")}
          value={view}
          onChange={setView}
          options={[
            ["grid", t("call.record.grid"), t("call.record.gridHint")],
            ["speaker", t("call.record.speaker"), t("call.record.speakerHint")],
          ]}
        />
      )}
      <p className="soft small">{t("call.record.stays")}</p>
      {problem && <Notice tone="danger">{t(`call.record.${problem}`)}</Notice>}
      <Action look="primary" isPending={isPending} onPress={() => void begin()}>
        {t("call.record.start")}
      </Action>
    </>
  );
}

interface ChoicesProps<T extends string> {
  label: string;
  value: T;
  onChange(value: T): void;
  /** Each with its name and what it means. */
  options: readonly (readonly [T, string, string])[];
}

function Choices<T extends string>({ label, value, onChange, options }: ChoicesProps<T>) {
  return (
    <RadioGroup value={value} onChange={(chosen) => onChange(chosen as T)}>
      <Label className="soft small">{label}</Label>
      <div className="choices">
        {options.map(([option, name, hint]) => (
          <Radio key={option} value={option} className="choice">
            <strong>{name}</strong>
            <span className="soft small">{hint}</span>
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}

interface RunningProps {
  call: Call;
  account: string;
  recorder: Recorder;
}

function Running({ call, account, recorder }: RunningProps) {
  const t = useCallTexts();
  const state = useStore(recorder.state);
  const { phase } = state;
  if (phase === "ended") {
    return (
      <>
        <Ended end={state.end} />
        <KeptRecordings account={account} />
        <Action onPress={() => call.recorder.set(null)}>{t("call.record.another")}</Action>
      </>
    );
  }
  if (phase === "starting" || phase === "ending") {
    return <Spinner label={t(`call.record.${phase}`)} />;
  }
  return (
    <>
      <Progress state={state} />
      {state.isSilent && (
        <Notice tone="warning">
          <p>{t("call.record.silent")}</p>
          <Action className="compact" onPress={() => recorder.turnSoundOn()}>
            {t("call.record.turnSoundOn")}
          </Action>
        </Notice>
      )}
      <div className="row">
        {phase === "paused" ? (
          <Action onPress={() => recorder.resume()}>{t("call.record.resume")}</Action>
        ) : (
          <Action onPress={() => recorder.pause()}>{t("call.record.pause")}</Action>
        )}
        <Action look="danger" onPress={() => recorder.stop()}>
          {t("call.record.stop")}
        </Action>
      </div>
    </>
  );
}

function Ended({ end }: Pick<RecorderState, "end">) {
  const t = useCallTexts();
  if (end === "full") return <Notice tone="warning">{t("call.record.full")}</Notice>;
  if (end === "failed") return <Notice tone="danger">{t("call.record.broken")}</Notice>;
  return <Notice tone="success">{t("call.record.done")}</Notice>;
}

function Progress({ state }: { state: RecorderState }): ReactElement {
  const t = useCallTexts();
  const { locale } = useShownTexts();
  const length = formatDuration(state.seconds * 1000);
  return (
    <dl className="facts numbers">
      <dt>{t("call.record.length")}</dt>
      <dd>{state.phase === "paused" ? `${length} ${t("call.record.paused")}` : length}</dd>
      <dt>{t("call.record.size")}</dt>
      <dd>{sizeWords(state.bytes, locale)}</dd>
      {state.free !== null && <dt>{t("call.record.free")}</dt>}
      {state.free !== null && <dd>{sizeWords(state.free, locale)}</dd>}
    </dl>
  );
}
