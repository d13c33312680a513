const PICTURE = { width: 1280, height: 720, bitrate: 1_700_000, framerate: 30 } as const;
const H264 = "video/H264;level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";

/** Whether this computer encodes H.264 in hardware, as far as the browser tells. */
export async function hasH264Hardware(
  capabilities: Pick<MediaCapabilities, "encodingInfo"> | undefined = globalThis.navigator
    ?.mediaCapabilities,
): Promise<boolean> {
  try {
    const info = await capabilities?.encodingInfo({
      type: "webrtc",
      video: { contentType: H264, ...PICTURE },
    });
    return info?.supported === true && info.powerEfficient;
  } catch {
    return false;
  }
}
