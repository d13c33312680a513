import { useEffect, useRef } from "react";
import { bestEffort } from "../../call/best-effort";

interface VideoProps {
  stream: MediaStream;
  label: string;
  muted?: boolean;
  mirrored?: boolean;
  whole?: boolean;
}

export function Video({
  stream,
  label,
  muted = false,
  mirrored = false,
  whole = false,
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
