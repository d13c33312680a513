/**
 * Which connection a description comes from: the session id of its o= line stays the same for as
 * long as an RTCPeerConnection lives, and no other has it (RFC 8829, section 5.2.1).
 */
export function originOf(sdp: string | undefined): string | null {
  return /^o=\S+ (\d+) /m.exec(sdp ?? "")?.[1] ?? null;
}
