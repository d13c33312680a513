import { useEffect, useRef, useState } from "react";
import { canCall } from "../../call/browser-support";
import type { Call } from "../../call/call";
import { createEntry, type Entry } from "../../call/create-call";
import { LocalMedia } from "../../call/media";
import type { Identity } from "../../session";
import { FailureBoundary } from "../app/failure";
import { useServerConfig, useServices, useStore } from "../app/services";
import type { RoomFacts } from "./admission";
import { CallExit } from "./call-exit";
import { CallView } from "./call-view";
import { lastChoice } from "./device-choice";
import { FailedCall } from "./failed-call";
import { Lobby } from "./lobby";

interface LobbyAndCallProps {
  room: RoomFacts;
  identity: Identity;
}

/** Leads from the lobby through the call to the page that offers to enter again. */
export function LobbyAndCall({ room, identity }: LobbyAndCallProps) {
  const [attempts, setAttempts] = useState(0);
  const [call, setCall] = useState<Call | null>(null);
  const [isAble] = useState(canCall);
  const present = useRef<Call | null>(null);
  const devices = useDevices(attempts, isAble);
  const entry = useEntry(room.name, devices, isAble);

  useEffect(() => {
    // Leaves at once, so that the others need not wait until the server notices that the page is gone.
    const suspend = () => present.current?.suspend();
    window.addEventListener("pagehide", suspend);
    return () => {
      window.removeEventListener("pagehide", suspend);
      present.current?.leave();
    };
  }, []);

  if (!call) {
    if (!devices || !entry) return null;
    const enter = () => {
      if (present.current) return;
      const entered = entry.createCall(identity);
      present.current = entered;
      void entered.start();
      void entered.opened.then(() => setCall(entered));
    };
    const { media } = devices;
    const { preparation } = entry;
    const onEnter = isAble ? enter : null;
    return <Lobby {...{ room, identity, media, preparation, onEnter }} />;
  }
  const again = () => {
    present.current = null;
    setCall(null);
    setAttempts((count) => count + 1);
  };
  return <EnteredCall call={call} room={room} identity={identity} onAgain={again} />;
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
    setDevices({ media, ready: isAble ? media.open(lastChoice()) : Promise.resolve() });
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
function useEntry(room: string, devices: Devices | null, isAble: boolean): Entry | null {
  const { api, signaling } = useServices();
  const limit = useRef<number>(undefined);
  limit.current = useServerConfig()?.people_per_call;
  const [entry, setEntry] = useState<Entry | null>(null);
  useEffect(() => {
    if (!devices) return;
    const { media, ready: mediaReady } = devices;
    const maxPeers = () => limit.current;
    const created = createEntry({ api, signaling, media, mediaReady, room, maxPeers });
    if (isAble) created.preparation.start();
    setEntry(created);
    return () => created.preparation.close();
  }, [api, signaling, room, devices, isAble]);
  return entry;
}

interface EnteredCallProps extends LobbyAndCallProps {
  call: Call;
  onAgain(): void;
}

function EnteredCall({ call, onAgain, ...props }: EnteredCallProps) {
  const phase = useStore(call.phase);
  if (phase.kind === "left" || phase.kind === "refused") {
    const refusal = phase.kind === "refused" ? phase.message : null;
    return <CallExit room={props.room} refusal={refusal} onAgain={onAgain} />;
  }
  return (
    <FailureBoundary instead={(retry) => <FailedCall call={call} onBack={retry} />}>
      <CallView call={call} phase={phase} {...props} />
    </FailureBoundary>
  );
}
