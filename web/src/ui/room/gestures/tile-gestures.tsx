import { HandIcon } from "../../kit/icons";
import { useCallTexts } from "../texts";
import { SYMBOLS, useHandOf, useReactionsOf } from "./call-gestures";

/** The most different reactions over a tile. */
const MOST = 3;

/** A person's hand and reactions over their tile. Reactions are read aloud by the call's updates. */
export function TileGestures({ id }: { id: string }) {
  const place = useHandOf(id);
  const reactions = useReactionsOf(id).slice(-MOST);
  return (
    <>
      {place > 0 && <HandMark place={place} className="tile-hand" />}
      {reactions.length > 0 && (
        <div className="tile-reactions" aria-hidden="true">
          {reactions.map(({ reaction, count }) => (
            <span key={reaction} className="tile-reaction">
              <span>{SYMBOLS[reaction]}</span>
              {count > 1 && <span className="tile-reaction-count">{count}</span>}
            </span>
          ))}
        </div>
      )}
    </>
  );
}

export function HandMark({ place, className = "" }: { place: number; className?: string }) {
  const t = useCallTexts();
  return (
    <span
      className={`hand-mark ${className}`}
      role="img"
      aria-label={t("call.gestures.handUp", { place })}
    >
      <HandIcon size={16} />
      <span>{place}</span>
    </span>
  );
}
