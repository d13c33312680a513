import type { Api } from "../api";
import type { Identity } from "../session";
import type { Signaling } from "../signaling";
import { Call } from "./call";
import { Chat } from "./chat";
import { createTopology } from "./create-topology";
import type { LocalMedia } from "./media";
import { newCertificate } from "./mesh/certificate";
import { IceSource } from "./mesh/ice";
import { watchNetwork } from "./network-watch";
import { ResumableSignaling } from "./resumable-signaling";

export interface CallOptions {
  readonly api: Pick<Api, "ice" | "messages">;
  readonly signaling: Signaling;
  readonly media: LocalMedia;
  readonly room: string;
  readonly identity: Identity;
  /** The most people in one call, as the server says. */
  readonly maxPeers: number | undefined;
}

/** Assembles a call from its parts; `start` enters it. */
export function createCall({
  api,
  media,
  room,
  identity,
  maxPeers,
  ...options
}: CallOptions): Call {
  const signaling = new ResumableSignaling(options.signaling);
  const ice = new IceSource(() => api.ice(), Date.now, newCertificate);
  const chat = new Chat({
    room,
    author: {
      email: identity.email,
      username: identity.username ?? "Guest",
      ...(identity.displayName && { displayName: identity.displayName }),
    },
    load: (before) => api.messages(room, before ? { before } : {}),
    send: (payload) => options.signaling.sendChat(payload),
  });
  const topologies = {
    prepare: async () => void (await ice.fresh()),
    create: (name: string) => createTopology(name, { signaling, ice, maxPeers }),
  };
  return new Call({ room, signaling, topologies, media, chat, watchNetwork });
}
