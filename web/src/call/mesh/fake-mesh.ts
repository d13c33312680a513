import type { AddPeer, ServerEvents, SessionDescription } from "../../wire.gen";
import { FakeConnection } from "./fake-connection";
import { Mesh, type MeshParts } from "./mesh";

/** A mesh on fake connections and a fake server, for tests. Its credentials are fake, too, unless `ice` is given. */
export function newMesh(name = "", ice?: MeshParts["ice"]) {
  const connections: FakeConnection[] = [];
  const sent: string[] = [];
  const candidates: string[] = [];
  const unsent: SessionDescription[] = [];
  /** Of each description: says that the server has refused it. */
  const refusals: ((code: string) => void)[] = [];
  const configuration: RTCConfiguration = {};
  const line = { up: true };
  const credentials: { areDue: boolean; renewed: RTCConfiguration | null } = {
    areDue: false,
    renewed: { iceServers: [{ urls: "turn:renewed" }] },
  };
  const listeners = new Map<string, (payload: never) => void>();
  const mesh = new Mesh({
    ice: ice ?? {
      configuration: () => configuration,
      fresh: async () => ({ iceServers: [{ urls: "turn:fresh" }] }),
      get isDue() {
        return credentials.areDue;
      },
      renewed: async () => {
        credentials.areDue = false;
        return credentials.renewed;
      },
    },
    signaling: {
      get isReady() {
        return line.up;
      },
      on: (event, listener) => {
        listeners.set(event, listener as never);
        return () => listeners.delete(event);
      },
      send: ({ event, payload }, refused) => {
        if (event === "offer-ice") {
          candidates.push(`${payload.iceCandidate?.candidate} to ${payload.peerID}`);
          return;
        }
        if (event === "sender-key") return;
        sent.push(`${payload.sessionDescription.type} to ${payload.peerID}`);
        unsent.push(payload.sessionDescription);
        if (refused) refusals.push(refused);
      },
    },
    connect: () => {
      const connection = new FakeConnection(`${name}${connections.length}`);
      connections.push(connection);
      return connection as unknown as RTCPeerConnection;
    },
  });
  const hear = <E extends keyof ServerEvents>(event: E, payload: ServerEvents[E]) =>
    listeners.get(event)?.(payload as never);
  const connection = () => connections.at(-1) as FakeConnection;
  const addPeer = (peer: AddPeer) => hear("add-peer", peer);
  const removePeer = (peerID: string) => hear("remove-peer", { peerID, peerUsername: "" });
  const begin = (...peerIDs: string[]) =>
    mesh.enter({
      continuity: "new",
      others: peerIDs.map((peerID) => ({ peerID, peerUsername: peerID })),
    });
  const controls = { hear, addPeer, removePeer, begin };
  return {
    mesh,
    sent,
    candidates,
    unsent,
    refusals,
    connection,
    connections,
    configuration,
    line,
    credentials,
    ...controls,
  };
}
