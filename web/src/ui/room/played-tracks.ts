/**
 * Has an element that plays one stream play the tracks of another one. The last picture stands until the next one
 * comes, where an element that is given another stream is black, also in the browser's window for one video.
 */
export function playTracks(played: MediaStream, tracks: readonly MediaStreamTrack[]): void {
  const former = played.getTracks();
  for (const track of tracks) if (!former.includes(track)) played.addTrack(track);
  for (const track of former) if (!tracks.includes(track)) played.removeTrack(track);
}

/** The element that the browser shows in a window of its own, with what it plays; null where there is none. */
export function playedInWindow(): { video: Element; stream: MediaStream } | null {
  const { pictureInPictureElement: video } = document;
  if (!(video instanceof HTMLVideoElement && video.srcObject instanceof MediaStream)) return null;
  return { video, stream: video.srcObject };
}
