import { type CSSProperties, type ReactNode, useEffect, useRef, useState } from "react";
import type { Call } from "../../call/call";
import { useStore } from "../services";
import { PeerTile, SelfTile } from "./tile";
import { bestGrid, type Size } from "./tile-grid";

interface StageProps {
  call: Call;
  name: string;
  peerID: string;
  /** What one sees who is alone. */
  alone: ReactNode;
}

export function Stage({ call, name, peerID, alone }: StageProps) {
  const peers = useStore(call.peers);
  const ref = useRef<HTMLDivElement>(null);
  const size = useSize(ref);
  const pair = peers.length === 1;
  const { columns, width, ratio } = bestGrid(size, pair ? 1 : peers.length + 1);
  const style = {
    "--columns": columns,
    "--tile-width": `${width}px`,
    "--ratio": ratio,
  } as CSSProperties;
  return (
    <main className={`stage ${pair ? "pair" : ""}`} aria-label="Participants">
      {peers.length === 0 && alone}
      <div className="stage-floor" ref={ref}>
        <div className="tiles" style={style}>
          {peers.map((peer) => (
            <PeerTile key={peer.peerID} peer={peer} />
          ))}
          <SelfTile media={call.media} name={name} peerID={peerID} />
        </div>
      </div>
    </main>
  );
}

function useSize(ref: React.RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}
