import {
  type ComponentType,
  lazy,
  type ReactElement,
  Suspense,
  useEffect,
  useSyncExternalStore,
} from "react";
import { UNSAFE_PortalProvider as PortalProvider } from "react-aria/PortalProvider";
import { RouterProvider } from "react-aria-components";
import { Redirect, Route, Router, Switch, useLocation } from "wouter";
import { usePathname } from "wouter/use-browser-location";
import { BASE_PATH, withBasePath, withoutBasePath } from "../base-path";
import { PAGES } from "../pages.gen";
import type { Refused } from "../wire.gen";
import { withDestination } from "./app/destination";
import { FailureBoundary } from "./app/failure";
import { useServices, useStore } from "./app/services";
import { Shell } from "./app/shell";
import { useExpectedAddress, WrongAddress } from "./app/wrong-address";
import { overlayContainer } from "./kit/fullscreen";
import { Logo } from "./kit/icons";
import { useKeptFocus } from "./kit/kept-focus";
import { Toasts, toast } from "./kit/toast";
import { ForgotPage } from "./pages/forgot";
import { HomePage } from "./pages/home";
import { InvitedPage, invitationToken } from "./pages/invited";
import { LoginPage } from "./pages/login";
import { MailPage } from "./pages/mail";
import { NewRoomPage } from "./pages/new-room";
import { NotFoundPage } from "./pages/not-found";
import { ProfilePage } from "./pages/profile";
import { RegisterPage } from "./pages/register";
import { ResetPage } from "./pages/reset";
import { SessionOverPage } from "./pages/session-over";
import { StopEmailPage } from "./pages/stop-email";
import { VerifyClientPage } from "./pages/verify-client";
import { VerifyEmailPage } from "./pages/verify-email";
import { VerifyGuestPage } from "./pages/verify-guest";

/** A file of its own: the pages before a call come without it. */
const loadRoomPage = () => import("./room/room-page");
const RoomPage = lazy(async () => ({ default: (await loadRoomPage()).RoomPage }));

export function App() {
  return (
    <Router base={BASE_PATH}>
      <Client />
    </Router>
  );
}

function Client() {
  const [, navigate] = useLocation();
  const { session, signaling } = useServices();
  const state = useStore(session.state);
  useEffect(() => signaling.on("refused", showRefusal), [signaling]);
  useKeptFocus();
  // Whoever is logged in will enter a room; where it does not come now, it is asked for once more then.
  useEffect(() => {
    if (state.kind === "logged-in") loadRoomPage().catch(() => {});
  }, [state.kind]);
  return (
    <RouterProvider navigate={navigate} useHref={withBasePath}>
      {state.kind === "restoring" && <Restoring unreachable={state.unreachable ?? false} />}
      {state.kind === "over" && (
        <Shell>
          <SessionOverPage code={state.code} message={state.message} />
        </Shell>
      )}
      <PortalProvider getContainer={overlayContainer}>
        {(state.kind === "anonymous" || state.kind === "logged-in") && <Routes />}
        <Toasts />
      </PortalProvider>
    </RouterProvider>
  );
}

/** What is still on its way to somebody who has just left is refused too, and nobody's concern. */
function showRefusal({ event, message }: Refused): void {
  if (event !== "offer-sdp" && event !== "offer-ice") toast(message);
}

function Restoring({ unreachable = false }: { unreachable?: boolean }) {
  return (
    <main className="narrow" aria-busy="true" aria-label="Loading">
      <Logo size={52} />
      <p className="soft" role="status">
        {unreachable && "The server doesn’t answer. Trying again…"}
      </p>
    </main>
  );
}

function Routes() {
  const expected = useExpectedAddress();
  const path = usePathname();
  if (expected) {
    return (
      <Shell>
        <WrongAddress expected={expected} />
      </Shell>
    );
  }
  return (
    <Switch>
      <Route path={PAGES.room}>
        <InvitedOrLoggedIn>
          <FailureBoundary at={path}>
            <NamedRoom />
          </FailureBoundary>
        </InvitedOrLoggedIn>
      </Route>
      <Route>
        <Shell>
          <FailureBoundary at={path}>
            <Pages />
          </FailureBoundary>
        </Shell>
      </Route>
    </Switch>
  );
}

type PageName = Exclude<keyof typeof PAGES, "room">;

/** What is shown at each of the paths at which the server answers with this client. */
const SHOWN: Record<PageName, (parameters: { token?: string }) => ReactElement> = {
  home: () => <HomePage />,
  login: () => <LoginPage />,
  register: () => <RegisterPage />,
  mail: () => <MailPage />,
  newRoom: () => (
    <LoggedIn>
      <NewRoomPage />
    </LoggedIn>
  ),
  profile: () => (
    <LoggedIn>
      <ProfilePage />
    </LoggedIn>
  ),
  verifyClient: ({ token = "" }) => <VerifyClientPage token={token} />,
  verifyGuest: ({ token = "" }) => <VerifyGuestPage token={token} />,
  verifyEmail: ({ token }) => <WithToken inPath={token}>{VerifyEmailPage}</WithToken>,
  stopEmail: () => <WithToken>{StopEmailPage}</WithToken>,
  forgot: () => <ForgotPage />,
  reset: ({ token }) => <WithToken inPath={token}>{ResetPage}</WithToken>,
};

function Pages() {
  return (
    <Switch>
      {(Object.keys(SHOWN) as PageName[]).map((name) => (
        <Route key={name} path={PAGES[name]}>
          {SHOWN[name]}
        </Route>
      ))}
      <Route component={NotFoundPage} />
    </Switch>
  );
}

/**
 * A page for the token of a mail's link. It is the link's fragment, which browsers keep to themselves, or in
 * the path as older mails have it. Another link opened in the same tab changes nothing but the fragment.
 */
function WithToken({ inPath, children: Page }: WithTokenProps) {
  const token = useSyncExternalStore(onFragment, () => location.hash.slice(1)) || inPath || "";
  return <Page key={token} token={token} />;
}

interface WithTokenProps {
  inPath?: string | undefined;
  children: ComponentType<{ token: string }>;
}

function onFragment(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

function LoggedIn({ children }: { children: ReactElement }) {
  const state = useStore(useServices().session.state);
  if (state.kind === "logged-in") return children;
  return <Redirect to={withDestination("/login", withoutBasePath(location.pathname))} replace />;
}

/** The link of an invitation is the way in for who is not logged in. */
function InvitedOrLoggedIn({ children }: { children: ReactElement }) {
  const state = useStore(useServices().session.state);
  const token = useSyncExternalStore(onFragment, () => invitationToken(location.hash));
  const room = useRoomName();
  if (state.kind === "logged-in" || !token) return <LoggedIn>{children}</LoggedIn>;
  return (
    <Shell>
      <FailureBoundary at={token}>
        <InvitedPage key={token} token={token} room={room} />
      </FailureBoundary>
    </Shell>
  );
}

/** The router's own parameters went through decodeURI, which a name with "%" does not survive. */
function useRoomName(): string {
  const path = withoutBasePath(usePathname());
  return decodedName(path.split("/")[2] ?? "");
}

function NamedRoom() {
  const name = useRoomName();
  return (
    <Suspense fallback={<Restoring />}>
      <RoomPage key={name} name={name} />
    </Suspense>
  );
}

function decodedName(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
