import {
  type ComponentType,
  lazy,
  type ReactElement,
  Suspense,
  useEffect,
  useSyncExternalStore,
} from "react";
import { UNSAFE_PortalProvider as PortalProvider } from "react-aria/PortalProvider";
import { I18nProvider, RouterProvider } from "react-aria-components";
import { Redirect, Route, Router, Switch, useLocation } from "wouter";
import { usePathname } from "wouter/use-browser-location";
import { BASE_PATH, withBasePath, withoutBasePath } from "../base-path";
import { PAGES } from "../pages.gen";
import { withDestination } from "./app/destination";
import { FailureBoundary } from "./app/failure";
import { useServices, useStore } from "./app/services";
import { Shell } from "./app/shell";
import { useExpectedAddress, WrongAddress } from "./app/wrong-address";
import { overlayContainer } from "./kit/fullscreen";
import { Logo } from "./kit/icons";
import { useKeptFocus } from "./kit/kept-focus";
import { useSentence, useShownTexts, useTexts } from "./kit/texts";
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
import { RememberedRecordings } from "./room/recording/remembered-recordings";

/** Loads the room page as a chunk of its own, which other pages do without. */
const loadRoomPage = async () => {
  const page = await import("./room/room-page");
  await page.loadCallTexts();
  return page;
};
const RoomPage = lazy(async () => ({ default: (await loadRoomPage()).RoomPage }));

export function App() {
  return (
    <Router base={BASE_PATH}>
      <I18nProvider locale={useShownTexts().locale}>
        <Client />
      </I18nProvider>
    </Router>
  );
}

function Client() {
  const [, navigate] = useLocation();
  const { session, signaling } = useServices();
  const state = useStore(session.state);
  const sentence = useSentence();
  useEffect(
    () => signaling.onRefusal((refusal) => toast(sentence(refusal))),
    [signaling, sentence],
  );
  useKeptFocus();
  // A person who is logged in will enter a room. Where preloading fails, the chunk is loaded on entering.
  useEffect(() => {
    if (state.kind === "logged-in") loadRoomPage().catch(() => {});
  }, [state.kind]);
  return (
    <RouterProvider navigate={navigate} useHref={withBasePath}>
      {state.kind === "restoring" && <Restoring unreachable={state.unreachable ?? false} />}
      {state.kind === "over" && (
        <Shell>
          <SessionOverPage end={state} />
        </Shell>
      )}
      <PortalProvider getContainer={overlayContainer}>
        {(state.kind === "anonymous" || state.kind === "logged-in") && <Routes />}
        <Toasts />
      </PortalProvider>
    </RouterProvider>
  );
}

function Restoring({ unreachable = false }: { unreachable?: boolean }) {
  const t = useTexts();
  return (
    <main className="narrow" aria-busy="true" aria-label={t("app.loading")}>
      <Logo size={52} />
      <p className="soft" role="status">
        {unreachable && t("app.serverSilent")}
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

/** The element for each path at which the server answers with this client. */
const SHOWN: Record<PageName, (parameters: { token?: string }) => ReactElement> = {
  home: () => (
    <HomePage>
      <RememberedRecordings />
    </HomePage>
  ),
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
 * A page for the token of a mailed link. The token is the fragment, which browsers do not send, or a part of the path
 * in older mails. Another link opened in the same tab changes the fragment alone, so its change is followed.
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

/** Lets a person who is not logged in enter by the link of an invitation. */
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

/** Reads the name from the path: the router's parameters went through decodeURI, which breaks names with "%". */
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
