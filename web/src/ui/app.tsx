import {
  type ComponentType,
  type ReactElement,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import { UNSAFE_PortalProvider as PortalProvider } from "react-aria/PortalProvider";
import { I18nProvider, RouterProvider } from "react-aria-components";
import { Redirect, Route, Router, Switch, useLocation } from "wouter";
import { usePathname } from "wouter/use-browser-location";
import { BASE_PATH, withBasePath, withoutBasePath } from "../base-path";
import { PAGES } from "../pages.gen";
import { roomInPath } from "../room-path";
import { withDestination } from "./app/destination";
import { FailureBoundary } from "./app/failure";
import { invitationToken } from "./app/invitation-token";
import { Loaded, Waiting } from "./app/loaded";
import { useServices, useStore } from "./app/services";
import { Shell } from "./app/shell";
import { useExpectedAddress, WrongAddress } from "./app/wrong-address";
import { overlayContainer } from "./kit/fullscreen";
import { useKeptFocus } from "./kit/kept-focus";
import { useSentence, useShownTexts } from "./kit/texts";
import { Toasts, toast } from "./kit/toast";
import {
  CHECK_PAGES,
  chunkAt,
  followLinksAhead,
  MEMBER_PAGES,
  ROOM_PAGE,
  VISITOR_PAGES,
} from "./page-chunks";
import { HomePage } from "./pages/home";
import { NotFoundPage } from "./pages/not-found";
import { SessionOverPage } from "./pages/session-over";
import { RememberedRecordings } from "./room/recording/remembered-recordings";

/** When the room is loaded for those who will enter one: home and its list come first. */
const ROOM_AFTER_MS = 2_000;

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
  const isLoggedIn = state.kind === "logged-in";
  useEffect(() => followLinksAhead(isLoggedIn), [isLoggedIn]);
  useEffect(() => {
    if (!isLoggedIn) return;
    const timer = setTimeout(() => ROOM_PAGE.fetchAhead(), ROOM_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isLoggedIn]);
  return (
    <RouterProvider navigate={navigate} useHref={withBasePath}>
      {state.kind === "restoring" && <Waiting isServerSilent={state.unreachable ?? false} />}
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

function Routes() {
  const expected = useExpectedAddress();
  const path = useLoadedPath();
  if (expected) {
    return (
      <Shell>
        <WrongAddress expected={expected} />
      </Shell>
    );
  }
  if (path === null) return <Waiting />;
  return (
    <Switch location={path}>
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
            <Pages path={path} />
          </FailureBoundary>
        </Shell>
      </Route>
    </Switch>
  );
}

/**
 * Returns the path whose page is shown: the page before stays until the next one is loaded. Null before the first one
 * is there.
 */
function useLoadedPath(): string | null {
  const [path] = useLocation();
  const { kind } = useStore(useServices().session.state);
  const chunk = chunkAt(path, kind === "logged-in");
  const isHere = chunk === null || chunk.loaded !== null;
  const [arrived, setArrived] = useState(isHere ? path : null);
  useEffect(() => {
    let isOver = false;
    const arrive = () => {
      if (!isOver) setArrived(path);
    };
    if (isHere) arrive();
    // A page that cannot be loaded says so itself.
    else chunk.load().then(arrive, arrive);
    return () => {
      isOver = true;
    };
  }, [path, chunk, isHere]);
  return isHere ? path : arrived;
}

type PageName = Exclude<keyof typeof PAGES, "room">;

/** The element for each path at which the server answers with this client. */
const SHOWN: Record<PageName, (parameters: { token?: string }) => ReactElement> = {
  home: () => (
    <HomePage>
      <RememberedRecordings />
    </HomePage>
  ),
  login: () => <Visitor>{({ LoginPage }) => <LoginPage />}</Visitor>,
  register: () => <Visitor>{({ RegisterPage }) => <RegisterPage />}</Visitor>,
  mail: () => <Visitor>{({ MailPage }) => <MailPage />}</Visitor>,
  newRoom: () => (
    <LoggedIn>
      <Loaded chunk={MEMBER_PAGES}>{({ NewRoomPage }) => <NewRoomPage />}</Loaded>
    </LoggedIn>
  ),
  profile: () => (
    <LoggedIn>
      <Loaded chunk={MEMBER_PAGES}>{({ ProfilePage }) => <ProfilePage />}</Loaded>
    </LoggedIn>
  ),
  check: () => <Loaded chunk={CHECK_PAGES}>{({ CheckPage }) => <CheckPage />}</Loaded>,
  doctor: () => (
    <LoggedIn>
      <Loaded chunk={CHECK_PAGES}>{({ DoctorPage }) => <DoctorPage />}</Loaded>
    </LoggedIn>
  ),
  verifyClient: ({ token = "" }) => (
    <Visitor>{({ VerifyClientPage }) => <VerifyClientPage token={token} />}</Visitor>
  ),
  verifyGuest: ({ token = "" }) => (
    <Visitor>{({ VerifyGuestPage }) => <VerifyGuestPage token={token} />}</Visitor>
  ),
  verifyEmail: ({ token }) => (
    <Visitor>{(pages) => <WithToken inPath={token}>{pages.VerifyEmailPage}</WithToken>}</Visitor>
  ),
  stopEmail: () => <Visitor>{(pages) => <WithToken>{pages.StopEmailPage}</WithToken>}</Visitor>,
  forgot: () => <Visitor>{({ ForgotPage }) => <ForgotPage />}</Visitor>,
  reset: ({ token }) => (
    <Visitor>{(pages) => <WithToken inPath={token}>{pages.ResetPage}</WithToken>}</Visitor>
  ),
};

type VisitorPages = NonNullable<typeof VISITOR_PAGES.loaded>;

function Visitor({ children }: { children(pages: VisitorPages): ReactElement }) {
  return <Loaded chunk={VISITOR_PAGES}>{children}</Loaded>;
}

function Pages({ path }: { path: string }) {
  return (
    <Switch location={path}>
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
  return (
    <Redirect
      to={withDestination("/login", withoutBasePath(location.pathname) + location.hash)}
      replace
    />
  );
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
        <Visitor>
          {({ InvitedPage }) => <InvitedPage key={token} token={token} room={room} />}
        </Visitor>
      </FailureBoundary>
    </Shell>
  );
}

function useRoomName(): string {
  return roomInPath(withoutBasePath(usePathname()));
}

/** Keeps the name while the page that follows is loaded: the browser's path is that page's already. */
function NamedRoom() {
  const { signaling } = useServices();
  const inPath = useRoomName();
  const [kept, setKept] = useState(inPath);
  if (inPath !== "" && inPath !== kept) setKept(inPath);
  const name = inPath || kept;
  useEffect(() => void signaling.headFor(name), [signaling, name]);
  return <Loaded chunk={ROOM_PAGE}>{({ RoomPage }) => <RoomPage key={name} name={name} />}</Loaded>;
}
