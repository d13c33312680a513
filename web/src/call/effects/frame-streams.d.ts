/** https://w3c.github.io/mediacapture-transform, as Chromium has it outside of workers. */
declare class MediaStreamTrackProcessor {
  constructor(init: { track: MediaStreamTrack; maxBufferSize?: number });
  readonly readable: ReadableStream<VideoFrame>;
}

interface MediaStreamTrackGenerator extends MediaStreamTrack {
  readonly writable: WritableStream<VideoFrame>;
}

declare const MediaStreamTrackGenerator: {
  new (init: { kind: "video" }): MediaStreamTrackGenerator;
};
