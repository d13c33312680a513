import {
  memo,
  type ReactElement,
  startTransition,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { canCall } from "../../call/browser-support";
import type { Call } from "../../call/call";
import { createEntry, type Entry } from "../../call/create-call";
import { LocalMedia } from "../../call/media";
import type { Speaker } from "../../call/speaker";
import type { Identity } from "../../session";
import { FailureBoundary } from "../app/failure";
import { rememberRoom } from "../app/recent-rooms";
import { useServerConfig, useServices, useStore } from "../app/services";
import type { RoomFacts } from "./admission";
import { CallExit } from "./call-exit";
import { CallView } from "./call-view";
import { lastChoice } from "./device-choice";
import { keptEffects } from "./effects/kept-effects";
import { FailedCall } from "./failed-call";
import { Lobby } from "./lobby";
import { Offstage } from "./offstage";
import { lastScreenSettings } from "./screen-choice";
import { SpeakerContext } from "./video";

interface LobbyAndCallProps {
  room: RoomFacts;
  identity: Identity;
}

/** Leads from the lobby through the call to the page that offers to enter again. */
export function LobbyAndCall({ room, identity }: LobbyAndCallProps) {
  const [attempts, setAttempts] = useState(0);
  const [entered, setEntered] = useState<Call | null>(null);
  const [isAble] = useState(canCall);
  const present = useRef<Call | null>(null);
  const devices = useDevices(attempts, isAble);
  const entry = useEntry(room, devices, isAble);
  const next = useMemo(() => entry?.createCall(identity) ?? null, [entry, identity]);
  const isAhead = useLull(devices) && isAble && canFollowSizes();

  useEffect(() => {
    // Leaves at once, so that the others need not wait until the server notices that the page is gone.
    const suspend = () => present.current?.suspend();
    window.addEventListener("pagehide", suspend);
    return () => {
      window.removeEventListener("pagehide", suspend);
      present.current?.leave();
    };
  }, []);

  const again = useCallback(() => {
    present.current = null;
    setEntered(null);
    setAttempts((count) => count + 1);
  }, []);
  // The identity may change after the click: the call that was entered stays.
  const call = entered ?? present.current ?? next;
  if (!devices || !entry || !call) return null;
  const enter = (agreedTo: string | null) => {
    if (present.current) return;
    present.current = call;
    if (agreedTo !== null) call.serverRecordings.agreeTo(agreedTo);
    rememberRoom(identity.email, room.name);
    void call.start();
    void call.opened.then(() => setEntered(call));
  };
  const { media } = devices;
  const { preparation } = entry;
  const onEnter = isAble ? enter : null;
  return (
    <>
      {!entered && <Lobby {...{ room, identity, media, preparation, onEnter }} />}
      {(entered || isAhead) && (
        <Offstage key={attempts} isShown={entered !== null}>
          <OnSpeaker speaker={media.speaker}>
            <EnteredCall call={call} room={room} identity={identity} onAgain={again} />
          </OnSpeaker>
        </Offstage>
      )}
    </>
  );
}

/** Lets sound come out of the chosen speaker. */
function OnSpeaker({ speaker, children }: { speaker: Speaker; children: ReactElement }) {
  return <SpeakerContext value={useStore(speaker.view).deviceId}>{children}</SpeakerContext>;
}

/** Without this, the tiles would keep the size that they have outside the document, which is none. */
function canFollowSizes(): boolean {
  return typeof ResizeObserver === "function";
}

/** The time that a lobby gets to settle before the call is rendered ahead. */
const LULL_MS = 200;

/** Becomes true soon after the devices are open. */
function useLull(devices: Devices | null): boolean {
  const [settled, setSettled] = useState<Devices | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const settle = () => startTransition(() => setSettled(devices));
    const wait = () => {
      if (!isOver) timer = setTimeout(settle, LULL_MS);
    };
    devices?.ready.then(wait, wait);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [devices]);
  return settled !== null && settled === devices;
}

interface Devices {
  readonly media: LocalMedia;
  /** Settled once they are open. */
  readonly ready: Promise<void>;
}

/** Opens the devices, for each attempt anew. */
function useDevices(attempts: number, isAble: boolean): Devices | null {
  const [devices, setDevices] = useState<Devices | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt opens the devices anew
  useEffect(() => {
    const media = new LocalMedia();
    const { background, noise } = keptEffects();
    media.setBackground(background);
    media.setNoiseSuppression(noise);
    media.setScreens(lastScreenSettings());
    const choice = lastChoice();
    media.keep(choice.chosen);
    setDevices({ media, ready: isAble ? media.open(choice) : Promise.resolve() });
    const ending = new AbortController();
    const { signal } = ending;
    window.addEventListener("pagehide", () => media.suspend(), { signal });
    window.addEventListener("pageshow", () => void media.resume(), { signal });
    return () => {
      ending.abort();
      media.close();
    };
  }, [attempts]);
  return devices;
}

/** Prepares the entry, for each attempt anew. What is prepared is closed unless a call has taken it. */
function useEntry(facts: RoomFacts, devices: Devices | null, isAble: boolean): Entry | null {
  const room = facts.name;
  const creator = facts.creator?.username ?? null;
  const { mustEncrypt } = facts;
  const { api, signaling } = useServices();
  const limit = useRef<number>(undefined);
  limit.current = useServerConfig()?.people_per_call;
  const [entry, setEntry] = useState<Entry | null>(null);
  useEffect(() => {
    if (!devices) return;
    const { media, ready: mediaReady } = devices;
    const maxPeers = () => limit.current;
    const created = createEntry({
      ...{ api, signaling, media, mediaReady, room, creator, mustEncrypt, maxPeers },
    });
    if (isAble) created.preparation.start();
    setEntry(created);
    return () => created.preparation.close();
  }, [api, signaling, room, creator, mustEncrypt, devices, isAble]);
  return entry;
}

interface EnteredCallProps extends LobbyAndCallProps {
  call: Call;
  onAgain(): void;
}

/** Not rendered again when it comes to stand in the lobby's place. */
const EnteredCall = memo(({ call, onAgain, ...props }: EnteredCallProps) => {
  const phase = useStore(call.phase);
  if (phase.kind === "left" || phase.kind === "refused") {
    const refusal = phase.kind === "refused" ? phase : null;
    return <CallExit room={props.room} refusal={refusal} onAgain={onAgain} />;
  }
  return (
    <FailureBoundary instead={(retry) => <FailedCall call={call} onBack={retry} />}>
      <CallView call={call} phase={phase} {...props} />
    </FailureBoundary>
  );
});
