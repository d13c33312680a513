// LiveKit's worker, which encrypts and decrypts frames: a file of our own, so that the build gives it an address.
import "livekit-client/e2ee-worker";
