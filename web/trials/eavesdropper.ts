// One who takes what an SFU forwards, for the tests: the encoded frames themselves, which are then tried with keys.

import { type RemoteTrackPublication, Room, RoomEvent, Track } from "livekit-client";

const MOST_FRAMES = 200;
const NONCE_BYTES = 12;
const TRAILER_BYTES = NONCE_BYTES + 2;
/** What LiveKit's client leaves readable of a frame (docs/end-to-end-encryption.md). */
const CLEAR_BYTES = { audio: 1, key: 10, delta: 3 };

interface Taken {
  readonly sender: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly clear: number;
}

/** Chromium's encoded streams, which TypeScript does not know. */
interface EncodedReceiver extends RTCRtpReceiver {
  createEncodedStreams(): {
    readable: ReadableStream<{ data: ArrayBuffer; type?: "key" | "delta" }>;
    writable: WritableStream;
  };
}

let taken: Taken[] = [];
let room: Room | null = null;

function take(sender: string, receiver: EncodedReceiver): void {
  const { readable, writable } = receiver.createEncodedStreams();
  const transform = new TransformStream<{ data: ArrayBuffer; type?: "key" | "delta" }>({
    transform(frame, controller) {
      const clear = CLEAR_BYTES[frame.type ?? "audio"];
      const bytes = new Uint8Array(frame.data.slice(0));
      if (bytes.length > clear + TRAILER_BYTES) {
        taken = [...taken, { sender, bytes, clear }].slice(-MOST_FRAMES);
      }
      controller.enqueue(frame);
    },
  });
  void readable.pipeThrough(transform).pipeTo(writable);
}

async function opens({ bytes, clear }: Taken, key: CryptoKey): Promise<boolean> {
  const end = bytes.length - TRAILER_BYTES;
  const algorithm = {
    name: "AES-GCM",
    iv: bytes.slice(end, end + NONCE_BYTES),
    additionalData: bytes.slice(0, clear),
  };
  return crypto.subtle.decrypt(algorithm, key, bytes.slice(clear, end)).then(
    () => true,
    () => false,
  );
}

const eavesdropper = {
  async enter(url: string, token: string): Promise<void> {
    room = new Room({ singlePeerConnection: false });
    room.on(RoomEvent.TrackSubscribed, (track, _publication, { identity }) => {
      if (track.receiver) take(identity, track.receiver as EncodedReceiver);
    });
    room.on(RoomEvent.TrackPublished, (one: RemoteTrackPublication) => one.setSubscribed(true));
    const rtcConfig = { iceServers: [], encodedInsertableStreams: true };
    await room.connect(url, token, { autoSubscribe: true, rtcConfig });
  },

  /** Sends pictures without encryption, as an SFU could in the name of anybody. */
  async sends(): Promise<void> {
    const [track] = (await navigator.mediaDevices.getUserMedia({ video: true })).getVideoTracks();
    if (!room || !track) throw new Error("Nothing to send, or nowhere");
    await room.localParticipant.publishTrack(track, { source: Track.Source.Camera });
  },

  /** How many of the next frames of a sender there are, and how many of them one of these keys opens. */
  async tries(sender: string, keys: readonly (readonly number[])[], count: number) {
    taken = [];
    const ofSender = () => taken.filter((one) => one.sender === sender);
    while (ofSender().length < count) await new Promise((resolve) => setTimeout(resolve, 50));
    const frames = ofSender().slice(0, count);
    const imported = await Promise.all(
      keys.map((key) =>
        crypto.subtle.importKey("raw", new Uint8Array(key), "AES-GCM", false, ["decrypt"]),
      ),
    );
    const opened = await Promise.all(
      frames.map(async (frame) =>
        (await Promise.all(imported.map((key) => opens(frame, key)))).some((isOpen) => isOpen),
      ),
    );
    return { frames: frames.length, opened: opened.filter((isOpen) => isOpen).length };
  },
};

Object.assign(window, { eavesdropper });
