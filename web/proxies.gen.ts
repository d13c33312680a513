// Generated from the routes of src/parlour by `make generate`. Do not edit.
/** First segments of the paths that the server answers. */
export const API_PATHS = [
  "account",
  "asyncapi.json",
  "client",
  "client-address",
  "config",
  "dev",
  "diagnosis",
  "email",
  "event",
  "guest",
  "healthz",
  "ice",
  "invitation",
  "link",
  "logout",
  "message",
  "openapi.json",
  "password",
  "readyz",
  "recording",
  "recordings",
  "refresh",
  "room",
  "session",
  "verification",
];
/** The path of Socket.IO, over polling and WebSocket. */
export const SOCKET_PATH = "/socket.io";
