import type { IceServer } from "../../wire.gen";
import { IceObservation } from "../ice-observation";
import { within } from "./aborted";
import type { RelayTransport, WayState } from "./findings";
import type { Ways } from "./judge";

/** A server that does not answer by then is of no use to a call. */
const GATHERING_MS = 8_500;
/** The most addresses that are tried: each takes an allocation of the person's quota. */
const MOST_URLS = 8;
/** Better ones come later in this list. */
const STATES: readonly WayState[] = ["silent", "refused", "works"];

/** Gathers candidates from each server on its own, all at once. */
export async function gatherWays(
  servers: readonly IceServer[],
  signal: AbortSignal,
): Promise<Ways> {
  const single = servers.flatMap((server) => server.urls.map((urls) => ({ ...server, urls })));
  const tried = single.slice(0, MOST_URLS);
  const stun = tried.filter(({ urls }) => urls.startsWith("stun"));
  const turn = tried.filter(({ urls }) => urls.startsWith("turn"));
  const [own, ...relays] = await Promise.all([
    gather({ iceServers: stun.map(({ urls }) => ({ urls })) }, signal),
    ...turn.map(async ({ urls, username, credential }) => {
      const iceServers = [{ urls, ...(username && credential && { username, credential }) }];
      const found = await gather({ iceServers, iceTransportPolicy: "relay" }, signal);
      return { transport: transportOf(urls), way: found.relayFault ?? ("works" as const) };
    }),
  ]);
  return { host: own.kinds.has("host"), reflexive: own.kinds.has("srflx"), relays: best(relays) };
}

/** The way by each transport: that of the server which leads furthest. */
function best(relays: Ways["relays"]): Ways["relays"] {
  return (["udp", "tcp", "tls"] as const).flatMap((transport) => {
    const states = relays.filter((relay) => relay.transport === transport).map(({ way }) => way);
    const way = STATES.findLast((state) => states.includes(state));
    return way ? [{ transport, way }] : [];
  });
}

/** Reads the transport of a URI of TURN (RFC 7065). */
export function transportOf(url: string): RelayTransport {
  if (url.startsWith("turns:")) return "tls";
  return /\?transport=tcp$/i.test(url) ? "tcp" : "udp";
}

async function gather(
  configuration: RTCConfiguration,
  signal: AbortSignal,
): Promise<IceObservation> {
  const connection = new RTCPeerConnection(configuration);
  const observation = new IceObservation(connection);
  try {
    const gathered = new Promise<void>((resolve) => {
      connection.addEventListener("icegatheringstatechange", () => {
        if (connection.iceGatheringState === "complete") resolve();
      });
    });
    connection.createDataChannel("check");
    await connection.setLocalDescription();
    await within(GATHERING_MS, signal, gathered);
  } finally {
    connection.close();
  }
  return observation;
}
