import { withBasePath } from "../../base-path";
import { playTone, readBrowser, tryCamera, tryMicrophone } from "../../call/check/devices";
import { gatherWays } from "../../call/check/gather";
import { Loopback } from "../../call/check/loopback";
import type { Probes } from "../../call/check/preflight";
import { ServerProbe } from "../../call/check/server";
import { Chunk } from "../../chunk";
import type { Services } from "../app/services";

const SOCKET_LIBRARY = new Chunk(() => import("socket.io-client"));

/** What checks ask of this browser, and of the server in the name of the person who is logged in. */
export function browserProbes({ api, session }: Pick<Services, "api" | "session">): Probes {
  const server = new ServerProbe(
    { health: withBasePath("/healthz"), socket: withBasePath("/socket.io") },
    () => session.token(),
    () => SOCKET_LIBRARY.load(),
  );
  return {
    readBrowser,
    tryCamera,
    tryMicrophone,
    playTone,
    trySignaling: (signal) => server.trySignaling(signal),
    tryTransports: (signal) => server.tryTransports(signal),
    ice: () => (session.state.get().kind === "logged-in" ? api.ice() : null),
    gatherWays,
    connect: (configuration, signal) => Loopback.connect(configuration, signal),
  };
}
