// What the servers of the measurements check, as Parlour does: the token's signature, issuer, kind and time, and the
// shape of what is relayed.
import { createHmac, timingSafeEqual } from "node:crypto";

function identity(secret, token) {
  if (typeof token !== "string") return null;
  const [head, body, signature, ...rest] = token.split(".");
  if (!signature || rest.length > 0) return null;
  const right = createHmac("sha256", secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
  const { alg } = JSON.parse(Buffer.from(head, "base64url"));
  const claims = JSON.parse(Buffer.from(body, "base64url"));
  if (alg !== "HS256" || claims.iss !== "parlour" || claims.typ !== "access") return null;
  return claims.exp * 1000 > Date.now() ? claims : null;
}

/** Middleware of Socket.IO that lets those in who bring a good token. */
export const identified = (secret) => (socket, next) => {
  const claims = identity(secret, socket.handshake.auth?.token);
  if (claims === null) return next(new Error("This token is no good."));
  socket.data = { user: Number(claims.sub), name: claims.username, room: null };
  next();
};

/** Acknowledges the events of a socket, or says that they are refused. */
export const answering = (socket) => (ack, event, code) => {
  if (typeof ack === "function") ack(code ? { ok: false, code, message: code } : { ok: true });
  else if (code) socket.emit("refused", { event, code, message: code });
};

export const text = (value, longest) => typeof value === "string" && value.length <= longest;
const absentOr = (value, fits) => value === undefined || value === null || fits(value);
export const object = (value) => typeof value === "object" && value !== null;

export function candidate(given) {
  if (!object(given) || !text(given.candidate, 4096)) return null;
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = given;
  const fits =
    absentOr(sdpMid, (it) => text(it, 256)) &&
    absentOr(sdpMLineIndex, (it) => Number.isInteger(it) && it >= 0 && it <= 65535) &&
    absentOr(usernameFragment, (it) => text(it, 256));
  return fits ? { candidate, sdpMid, sdpMLineIndex, usernameFragment } : null;
}

const KINDS = new Set(["offer", "answer", "pranswer", "rollback"]);
export function description(given) {
  if (!object(given) || !KINDS.has(given.type) || !text(given.sdp, 200_000)) return null;
  return { type: given.type, sdp: given.sdp };
}
