import { bestEffort } from "./best-effort";

/** What a mesh asks of each connection. Browsers of before 2020 lack some of it. */
const METHODS = [
  "addTransceiver",
  "getTransceivers",
  "getReceivers",
  "setLocalDescription",
  "setRemoteDescription",
  "addIceCandidate",
] as const;

/**
 * Whether this browser can take part in a call. Some lack WebRTC, in some it is switched off, by a policy or an
 * extension: then it is missing, incomplete, or throws as soon as it is used, so that only trying tells.
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
