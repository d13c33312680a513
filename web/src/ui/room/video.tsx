import { createContext, use, useCallback, useEffect, useRef, useState } from "react";
import { bestEffort } from "../../call/best-effort";
import type { View } from "../../call/quality/views";
import { playOn } from "../../call/speaker";
import {
  latestStream,
  onlyLayer,
  stacked,
  whenShowable,
  withoutLeaving,
  withPicture,
  withStream,
  withStreamAtOnce,
} from "./layers";
import { playedInWindow, playTracks } from "./played-tracks";
import { watchSize } from "./watch-size";

/** The device that the others' sound comes out of; an empty text is the system's default. */
export const SpeakerContext = createContext("");

interface VideoProps {
  stream: MediaStream;
  label: string;
  muted?: boolean;
  mirrored?: boolean;
  whole?: boolean;
  /** 0 to 1. */
  volume?: number;
  /** Opens the view that is told how large the picture is shown; the same function while it is the same picture. */
  openView?: () => View;
}

/** A picture that is replaced is on the screen a little longer, until the one above it is there for certain. */
const LEAVING_MS = 100;

/**
 * Shows and plays a stream. What comes of another participant may begin to come by another way: then the other stream
 * takes the place once it has a picture, and the sound goes with it.
 */
export function Video({ stream, ...props }: VideoProps) {
  const [layers, setLayers] = useState(() => onlyLayer(stream));
  if (latestStream(layers) !== stream) {
    setLayers(props.openView ? withStream(layers, stream) : withStreamAtOnce(layers, stream));
  }
  const { shown, coming, leaving } = layers;
  useEffect(() => {
    if (!leaving) return;
    const timer = setTimeout(() => setLayers(withoutLeaving), LEAVING_MS);
    return () => clearTimeout(timer);
  }, [leaving]);
  const showable = useCallback(
    (come: MediaStream) => setLayers((known) => withPicture(known, come)),
    [],
  );
  return stacked(layers).map((layer) => (
    <Element
      key={layer.key}
      {...props}
      stream={layer.stream}
      isShown={layer === shown}
      onShowable={layer === coming ? showable : undefined}
    />
  ));
}

interface ElementProps extends VideoProps {
  /** Others are not heard. */
  isShown: boolean;
  /** Given where the element is unseen until it has a picture. */
  onShowable?: ((stream: MediaStream) => void) | undefined;
}

function Element({
  stream,
  label,
  muted = false,
  mirrored = false,
  whole = false,
  volume = 1,
  openView,
  isShown,
  onShowable,
}: ElementProps) {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = ref.current;
    if (!video) return;
    const inWindow = playedInWindow();
    bestEffort("a picture", () => {
      if (inWindow?.video === video) playTracks(inWindow.stream, stream.getTracks());
      else video.srcObject = stream;
    });
    // Phones pause what plays when the page goes to the background, and some do not go on by themselves.
    const goOn = () => {
      if (video.srcObject) video.play().catch((error: unknown) => console.warn("Paused", error));
    };
    video.addEventListener("pause", goOn);
    return () => {
      video.removeEventListener("pause", goOn);
      // Without a stream, it would be black there.
      if (playedInWindow()?.video === video && video.isConnected) return;
      bestEffort("a picture", () => {
        video.srcObject = null;
      });
    };
  }, [stream]);
  useEffect(() => {
    const video = ref.current;
    if (!video || !onShowable) return;
    // Chromium plays what is muted by itself only once it has found it in sight. What has its sound on before that
    // stays paused.
    video.play().catch((error: unknown) => {
      if (video.srcObject === stream) console.warn("A picture that comes", error);
    });
    return whenShowable(video, stream, () => onShowable(stream));
  }, [onShowable, stream]);
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
  useEffect(() => {
    if (ref.current) ref.current.volume = volume;
  }, [volume]);
  const classes = [mirrored && "mirrored", whole && "whole", onShowable && "coming"];
  return (
    <video
      ref={ref}
      className={classes.filter(Boolean).join(" ")}
      aria-label={isShown ? label : undefined}
      aria-hidden={!isShown || undefined}
      autoPlay
      playsInline
      muted={muted || !isShown}
      disablePictureInPicture={muted}
    />
  );
}
