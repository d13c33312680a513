/**
 * Makes the certificate for all connections of a participation (W3C WebRTC, section 4.9). Connections that replace
 * each other show the same fingerprint, so that a changed one means another peer (`PeerIdentity`). Undefined where
 * the browser makes none; then each connection has its own.
 */
export async function newCertificate(): Promise<RTCCertificate | undefined> {
  try {
    // Browsers want the algorithm with WebCrypto's parameters, which the DOM types lack.
    const algorithm = { name: "ECDSA", namedCurve: "P-256" } as AlgorithmIdentifier;
    return await RTCPeerConnection.generateCertificate(algorithm);
  } catch (error) {
    console.warn("Certificate", error);
    return undefined;
  }
}
