import "./ui/styles/tokens.css";
import "./ui/styles/base.css";
import "./ui/styles/controls.css";
import "./ui/styles/marks.css";
import "./ui/styles/overlays.css";
import "./ui/styles/pages.css";
import "./ui/styles/home.css";
import "./ui/styles/tile.css";
import "./ui/styles/stage.css";
import "./ui/styles/call.css";
import "./ui/styles/panel.css";
import "./ui/styles/chat.css";
import "./ui/styles/health.css";
import "./ui/styles/findings.css";
import "./ui/styles/contrast.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { AccountApi, Api } from "./api";
import { withoutBasePath } from "./base-path";
import { keepAssets } from "./kept-assets";
import { roomInPath } from "./room-path";
import { Session } from "./session";
import { Signaling } from "./signaling";
import { catalogues } from "./texts/browser-texts";
import { App } from "./ui/app";
import { FailureBoundary } from "./ui/app/failure";
import { ServicesContext } from "./ui/app/services";
import { chunkAt } from "./ui/page-chunks";

const accounts = new AccountApi();
const session = new Session(accounts);
const api = new Api(session);
const signaling = new Signaling(session);

const room = roomInPath(withoutBasePath(location.pathname));
if (room) void signaling.headFor(room);
void session.restore();
const isRestoring = session.state.get().kind === "restoring";
if (isRestoring) signaling.fetchAhead();

/** Nobody waits for what comes with a page while the session is restored: then something else is shown first. */
async function firstPage(): Promise<void> {
  const loading = chunkAt(withoutBasePath(location.pathname), isRestoring)?.load();
  // Where it cannot be loaded, the page says so.
  const settled = loading?.catch((error: unknown) => console.warn("The first page", error));
  if (!isRestoring) await settled;
}

const root = document.getElementById("root");
// Nothing is shown before, so that nobody sees another language first.
void Promise.all([catalogues.load(), firstPage()]).then(() => {
  if (!root) return;
  createRoot(root).render(
    <StrictMode>
      <ServicesContext value={{ accounts, api, session, signaling }}>
        <FailureBoundary>
          <App />
        </FailureBoundary>
      </ServicesContext>
    </StrictMode>,
  );
});

keepAssets();
