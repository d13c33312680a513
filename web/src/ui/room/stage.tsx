import { type ReactElement, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Call } from "../../call/call";
import { decoration } from "../../call/decoration";
import type { RemotePeer } from "../../call/topology";
import { useStore } from "../app/services";
import { inOrderOfSharing, layOutStage } from "./stage-layout";
import { PeerTile, SelfTile } from "./tile";
import type { Size } from "./tile-grid";

interface StageProps {
  call: Call;
  name: string;
  peerID: string;
  /** What one sees who is alone. */
  alone: ReactElement;
}

export function Stage({ call, name, peerID, alone }: StageProps) {
  const peers = useStore(call.peers);
  const floor = useRef<HTMLDivElement>(null);
  const size = useSize(floor);
  const { featured, feature } = useFeatured(peers);
  const index = peers.findIndex((peer) => peer.peerID === featured);
  const { places, height } = layOutStage(size, {
    count: peers.length + 1,
    featured: index < 0 ? null : index,
  });
  const isPair = peers.length === 1 && index < 0;
  return (
    <main className={`stage ${isPair ? "pair" : ""}`} aria-label="Participants">
      {peers.length === 0 && alone}
      <div className={`stage-floor ${height > size.height ? "scrolls" : ""}`} ref={floor}>
        <div className="tiles" style={{ height }}>
          {peers.map((peer, at) => (
            <PeerTile
              key={peer.peerID}
              peer={peer}
              place={places[at]}
              featured={peer.peerID === featured}
              onFeature={() => feature(peer.peerID)}
            />
          ))}
          <SelfTile media={call.media} name={name} peerID={peerID} place={places.at(-1)} />
        </div>
      </div>
    </main>
  );
}

/**
 * The peer whose shared screen gets the large place: the one who began last, or was chosen. Never our own
 * screen: it would show itself, and who presents looks at the others.
 */
function useFeatured(peers: readonly RemotePeer[]) {
  const [order, setOrder] = useState<readonly string[]>([]);
  const sharing = peers.filter(({ devices }) => devices?.screen).map(({ peerID }) => peerID);
  const current = inOrderOfSharing(order, sharing);
  if (current.join() !== order.join()) setOrder(current);
  const feature = (peerID: string) =>
    setOrder([...current.filter((other) => other !== peerID), peerID]);
  return { featured: current.at(-1) ?? null, feature };
}

/**
 * The size that an element gets from its container, scrollbars included: a scrollbar that a layout causes
 * must not cause the next layout. The new one is there before the browser paints the new size.
 */
function useSize(ref: React.RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => {
      const { offsetWidth: width, offsetHeight: height } = element;
      setSize((known) =>
        known.width === width && known.height === height ? known : { width, height },
      );
    };
    measure();
    const observer = decoration("tiles that follow panels", () => {
      const created = new ResizeObserver(() => flushSync(measure));
      created.observe(element, { box: "border-box" });
      return created;
    });
    window.addEventListener("resize", measure);
    return () => {
      window.removeEventListener("resize", measure);
      observer?.disconnect();
    };
  }, [ref]);
  return size;
}
