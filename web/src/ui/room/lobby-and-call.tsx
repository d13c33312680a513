import { useEffect, useRef, useState } from "react";
import { canCall } from "../../call/browser-support";
import type { Call } from "../../call/call";
import { createCall } from "../../call/create-call";
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
  const { api, signaling } = useServices();
  const maxPeers = useServerConfig()?.people_per_call;
  const [media, setMedia] = useState<LocalMedia | null>(null);
  const [call, setCall] = useState<Call | null>(null);
  const [attempts, setAttempts] = useState(0);
  const [isAble] = useState(canCall);
  const present = useRef<Call | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt opens the devices anew
  useEffect(() => {
    const opened = new LocalMedia();
    setMedia(opened);
    if (isAble) void opened.open(lastChoice());
    const ending = new AbortController();
    const { signal } = ending;
    window.addEventListener("pagehide", () => opened.suspend(), { signal });
    window.addEventListener("pageshow", () => void opened.resume(), { signal });
    return () => {
      ending.abort();
      opened.close();
    };
  }, [attempts]);
  useEffect(() => {
    // Leaves at once, so that the others need not wait until the server notices that the page is gone.
    const suspend = () => present.current?.suspend();
    window.addEventListener("pagehide", suspend);
    return () => {
      window.removeEventListener("pagehide", suspend);
      present.current?.leave();
    };
  }, []);

  if (!media) return null;
  if (!call) {
    const enter = () => {
      const entered = createCall({ api, signaling, media, room: room.name, identity, maxPeers });
      present.current = entered;
      setCall(entered);
      void entered.start();
    };
    return <Lobby room={room} identity={identity} media={media} onEnter={isAble ? enter : null} />;
  }
  const again = () => {
    present.current = null;
    setCall(null);
    setAttempts((count) => count + 1);
  };
  return <EnteredCall call={call} room={room} identity={identity} onAgain={again} />;
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
