/**
 * The end of links to rooms whose calls have to be encrypted end to end. Whoever comes by one knows that without the
 * server's word: browsers send no server the fragment of an address (RFC 3986, section 3.5).
 */
export const ENCRYPTION_MARK = "#e2ee";

export const isMarkedEncrypted = (fragment: string) => fragment === ENCRYPTION_MARK;
