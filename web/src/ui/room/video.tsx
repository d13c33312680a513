import { createContext, use, useEffect, useRef } from "react";
import { bestEffort } from "../../call/best-effort";
import type { View } from "../../call/quality/views";
import { playOn } from "../../call/speaker";
import { watchSize } from "./watch-size";

/** The device that the others' sound comes out of; an empty text is the system's default. */
export const SpeakerContext = createContext("");

interface VideoProps {
  stream: MediaStream;
  label: string;
  muted?: boolean;
  mirrored?: boolean;
  whole?: boolean;
  /** Opens the view that is told how large the picture is shown; the same function while it is the same picture. */
  openView?: () => View;
}

export function Video({
  stream,
  label,
  muted = false,
  mirrored = false,
  whole = false,
  openView,
}: VideoProps) {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = ref.current;
    if (!video) return;
    bestEffort("a picture", () => {
      video.srcObject = stream;
    });
    return () => {
      bestEffort("a picture", () => {
        video.srcObject = null;
      });
    };
  }, [stream]);
  const speaker = use(SpeakerContext);
  useEffect(() => {
    if (ref.current && !muted) void playOn(ref.current, speaker);
  }, [speaker, muted]);
  useEffect(() => {
    if (!ref.current || !openView) return;
    const view = openView();
    const stop = watchSize(ref.current, (height) => view.show(height));
    return () => {
      stop();
      view.close();
    };
  }, [openView]);
  const className = `${mirrored ? "mirrored" : ""} ${whole ? "whole" : ""}`;
  return (
    <video
      ref={ref}
      className={className}
      aria-label={label}
      autoPlay
      playsInline
      muted={muted}
      disablePictureInPicture={muted}
    />
  );
}
