/**
 * Reads the session id of a description's o= line. It identifies the RTCPeerConnection that made the description:
 * it never changes for one, and no other has it (RFC 8829, section 5.2.1).
 */
export function originOf(sdp: string | undefined): string | null {
  return /^o=\S+ (\d+) /m.exec(sdp ?? "")?.[1] ?? null;
}
