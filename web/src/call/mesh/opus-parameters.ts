/**
 * Asks the other side to send nothing while nobody speaks there (DTX, RFC 7587, section 6.1): what a description
 * says of Opus is what its author wishes to receive. No browser offers it by itself.
 */
export function askForDtx(sdp: string): string {
  const payloadType = /^a=rtpmap:(\d+) opus\/48000/im.exec(sdp)?.[1];
  if (!payloadType) return sdp;
  const parameters = new RegExp(`^(a=fmtp:${payloadType} )(.*)$`, "gm");
  return sdp.replace(parameters, (line, head: string, given: string) => {
    const text = given.trimEnd();
    return /(^|;)\s*usedtx=/.test(text)
      ? line
      : `${head}${text};usedtx=1${given.slice(text.length)}`;
  });
}
