import { bestEffort } from "./best-effort";

/** The methods of a peer connection that calls need. Browsers from before 2020 lack some. */
const METHODS = [
  "addTransceiver",
  "getTransceivers",
  "getReceivers",
  "setLocalDescription",
  "setRemoteDescription",
  "addIceCandidate",
] as const;

/**
 * Whether this browser can take part in a call. WebRTC may be missing, or switched off by a policy or an extension:
 * then it is absent, incomplete, or throws when used, so only trying it tells.
 */
export function canCall(): boolean {
  const works = bestEffort("calls", () => {
    new MediaStream();
    const connection = new RTCPeerConnection();
    connection.close();
    return METHODS.every((method) => typeof connection[method] === "function");
  });
  return works ?? false;
}
