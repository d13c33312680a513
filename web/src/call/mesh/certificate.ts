/**
 * One certificate for a whole visit (W3C WebRTC, section 4.9): connections that take each other's place show
 * the same fingerprint, so that another one means another end (`PeerIdentity`). Undefined where a browser
 * makes none; then each connection has its own.
 */
export async function newCertificate(): Promise<RTCCertificate | undefined> {
  try {
    // Browsers take what WebCrypto calls the algorithm, which the types of the DOM do not know whole.
    const algorithm = { name: "ECDSA", namedCurve: "P-256" } as AlgorithmIdentifier;
    return await RTCPeerConnection.generateCertificate(algorithm);
  } catch (error) {
    console.warn("Certificate", error);
    return undefined;
  }
}
