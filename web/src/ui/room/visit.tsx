import { useEffect, useRef, useState } from "react";
import { canCall } from "../../call/browser-support";
import { Call } from "../../call/call";
import { Chat } from "../../call/chat";
import { LocalMedia } from "../../call/media";
import { MAX_PEERS, MOST_PEERS } from "../../call/mesh/bounds";
import { newCertificate } from "../../call/mesh/certificate";
import { IceSource } from "../../call/mesh/ice";
import { Mesh } from "../../call/mesh/mesh";
import { watchNetwork } from "../../call/network-watch";
import { VisitRecord } from "../../call/visit-record";
import type { Identity } from "../../session";
import { FailureBoundary } from "../app/failure";
import { type Services, useServerConfig, useServices, useStore } from "../app/services";
import type { RoomFacts } from "./admission";
import { CallView } from "./call-view";
import { Departure } from "./departure";
import { lastChoice } from "./device-choice";
import { FailedCall } from "./failed-call";
import { Lobby } from "./lobby";

interface VisitProps {
  room: RoomFacts;
  identity: Identity;
}

interface CallOptions extends VisitProps {
  /** In a call at most, as the server says. */
  people: number | undefined;
}

function newCall(
  { api, signaling }: Services,
  media: LocalMedia,
  { room, identity, people }: CallOptions,
) {
  const ice = new IceSource(() => api.ice(), Date.now, newCertificate);
  const record = new VisitRecord((letter) => signaling.send(letter));
  const topology = new Mesh({
    configuration: () => ice.configuration(),
    freshConfiguration: () => ice.fresh(),
    maxPeers: Math.min(people ?? MAX_PEERS, MOST_PEERS),
    canSignal: () => record.outbox.isOpen,
    sendDescription: (peerID, sessionDescription) =>
      record.outbox.post({ event: "offer-sdp", payload: { peerID, sessionDescription } }),
    sendCandidate: (peerID, iceCandidate) =>
      record.outbox.post({ event: "offer-ice", payload: { peerID, iceCandidate } }),
  });
  const chat = new Chat({
    room: room.name,
    author: {
      email: identity.email,
      username: identity.username ?? "Guest",
      ...(identity.displayName && { displayName: identity.displayName }),
    },
    load: (before) => api.messages(room.name, before ? { before } : {}),
    send: (payload) => signaling.sendChat(payload),
  });
  return new Call({
    room: room.name,
    signaling,
    record,
    topology,
    media,
    chat,
    ice,
    watchNetwork,
  });
}

/** From the lobby through the call to the door. */
export function Visit({ room, identity }: VisitProps) {
  const services = useServices();
  const people = useServerConfig()?.people_per_call;
  const [media, setMedia] = useState<LocalMedia | null>(null);
  const [call, setCall] = useState<Call | null>(null);
  const [visits, setVisits] = useState(0);
  const [isAble] = useState(canCall);
  const present = useRef<Call | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each visit opens the devices anew
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
  }, [visits]);
  useEffect(() => {
    // Nobody has to wait for the server to find out that a page was closed.
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
      const entered = newCall(services, media, { room, identity, people });
      present.current = entered;
      setCall(entered);
      void entered.start();
    };
    return <Lobby room={room} identity={identity} media={media} onEnter={isAble ? enter : null} />;
  }
  const again = () => {
    present.current = null;
    setCall(null);
    setVisits((count) => count + 1);
  };
  return <Stay call={call} room={room} identity={identity} onAgain={again} />;
}

function Stay({ call, onAgain, ...visit }: VisitProps & { call: Call; onAgain(): void }) {
  const phase = useStore(call.phase);
  if (phase.kind === "left" || phase.kind === "refused") {
    const refusal = phase.kind === "refused" ? phase.message : null;
    return <Departure room={visit.room} refusal={refusal} onAgain={onAgain} />;
  }
  return (
    <FailureBoundary instead={(retry) => <FailedCall call={call} onBack={retry} />}>
      <CallView call={call} phase={phase} {...visit} />
    </FailureBoundary>
  );
}
