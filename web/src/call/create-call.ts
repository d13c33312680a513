import type { Api } from "../api";
import type { Identity } from "../session";
import type { Signaling } from "../signaling";
import { Store } from "../store";
import type { IceConfiguration } from "../wire.gen";
import { Call } from "./call";
import { Chat } from "./chat";
import { createTopology } from "./create-topology";
import { MemberKeys } from "./e2ee/member-keys";
import { EntryPreparation } from "./entry-preparation";
import { Files } from "./files/files";
import type { LocalMedia } from "./media";
import { newCertificate } from "./mesh/certificate";
import { IceSource } from "./mesh/ice";
import { watchNetwork } from "./network-watch";
import { beforeNextPaint } from "./next-paint";
import { ResumableSignaling } from "./resumable-signaling";
import { type CallEncryption, NOT_ENCRYPTED } from "./topology";

export interface EntryOptions {
  readonly api: Pick<Api, "ice" | "messages">;
  readonly signaling: Signaling;
  readonly media: LocalMedia;
  readonly room: string;
  /** The username of its creator; null where the server does not tell. */
  readonly creator: string | null;
  /** Whether its calls have to be encrypted end to end, whichever way they take. */
  readonly mustEncrypt: boolean;
  /** The most people in one call, as the server says; asked each time, since it may only do so later. */
  maxPeers(): number | undefined;
  /** Settled once the devices are open, or cannot be opened. */
  readonly mediaReady: Promise<void>;
}

/** A call that may be entered. */
export interface Entry {
  readonly preparation: EntryPreparation;
  /** Assembles the call from its parts; `start` enters it, with what is prepared by then. */
  createCall(identity: Identity): Call;
}

export function createEntry({
  api,
  media,
  room,
  creator,
  mustEncrypt,
  maxPeers,
  ...options
}: EntryOptions): Entry {
  const keys = new MemberKeys();
  const signaling = new ResumableSignaling(options.signaling, () => keys.own?.text);
  const ice = new IceSource(() => api.ice(), Date.now, newCertificate);
  const files = new Files();
  const encryption = new Store<CallEncryption>({ ...NOT_ENCRYPTED, isEndToEnd: mustEncrypt });
  const topologyParts = {
    signaling,
    ice,
    files,
    keys,
    encryption,
    get maxPeers() {
      return maxPeers();
    },
  };
  const topologies = {
    prepare: async () => void (await Promise.all([ice.fresh(), keys.ready()])),
    learn: (configuration: IceConfiguration | undefined) => ice.take(configuration),
    create: (name: string) => createTopology(name, topologyParts),
  };
  const preparation = new EntryPreparation({
    room,
    signaling: options.signaling,
    media,
    mediaReady: options.mediaReady,
    topologies,
    isVisible: () => document.visibilityState === "visible",
    watchNetwork,
  });
  const createCall = (identity: Identity) => {
    const chat = new Chat({
      room,
      author: {
        email: identity.email,
        username: identity.username ?? "Guest",
        ...(identity.displayName && { displayName: identity.displayName }),
      },
      load: (before) => api.messages(room, before ? { before } : {}),
      send: (payload) => options.signaling.sendChat(payload),
      edit: (payload) => options.signaling.editMessage(payload),
      delete: (payload, whose) => options.signaling.deleteMessage(payload, whose),
    });
    const takePrepared = () => preparation.take();
    const surroundings = { watchNetwork, beforeNextPaint };
    const parts = {
      room,
      creator,
      signaling,
      topologies,
      media,
      chat,
      files,
      takePrepared,
      encryption,
    };
    return new Call({ ...parts, ...surroundings });
  };
  return { preparation, createCall };
}
