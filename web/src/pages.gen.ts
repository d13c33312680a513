// Generated from src/parlour/wire by `make generate`. Do not edit.

/** The paths of all pages. */
export const PAGES = {
  home: "/",
  login: "/login",
  register: "/register",
  mail: "/mail",
  newRoom: "/new",
  profile: "/profile",
  check: "/check",
  doctor: "/doctor",
  room: "/r/:room",
  verifyClient: "/verifyclient/:token",
  verifyGuest: "/verifyguest/:token",
  verifyEmail: "/verifyemail/:token?",
  stopEmail: "/stopemail",
  forgot: "/forgot",
  reset: "/reset/:token?",
} as const;
