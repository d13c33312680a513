import { useEffect, useRef } from "react";
import { measureLoudness, meterFill } from "../../call/loudness";
import type { LocalMedia } from "../../call/media";
import { useStore } from "../app/services";

/** Often enough to follow speech; each is one style, without rendering. */
const EVERY_MS = 100;
/** A lobby opens first: to open an AudioContext takes the CPU that its picture needs. */
const AFTER_MS = 400;

interface LevelMeterProps {
  media: LocalMedia;
  /** Called when something is heard. */
  onHeard?: () => void;
}

/** Shows how loud the microphone is, to the eye alone: those who do not see it are told in words elsewhere. */
export function LevelMeter({ media, onHeard }: LevelMeterProps) {
  const bar = useRef<HTMLSpanElement>(null);
  const { microphone, on } = useStore(media.outgoing);
  const track = on.microphone ? microphone : null;
  const report = useRef(onHeard);
  report.current = onHeard;
  useEffect(() => {
    if (!track) return;
    let stop = () => {};
    const beginning = setTimeout(() => {
      stop = measureLoudness(
        track,
        (isAudible, level) => {
          bar.current?.style.setProperty("--level", String(meterFill(level)));
          if (isAudible) report.current?.();
        },
        EVERY_MS,
      );
    }, AFTER_MS);
    return () => {
      clearTimeout(beginning);
      stop();
      bar.current?.style.removeProperty("--level");
    };
  }, [track]);
  return (
    <span className="level-meter" aria-hidden="true">
      <span ref={bar} />
    </span>
  );
}
