/** The style sheets of the client, in the order of src/main.tsx, and the page's own. */

import "../src/ui/styles/tokens.css";
import "../src/ui/styles/base.css";
import "../src/ui/styles/controls.css";
import "../src/ui/styles/marks.css";
import "../src/ui/styles/overlays.css";
import "../src/ui/styles/pages.css";
import "../src/ui/styles/home.css";
import "../src/ui/styles/tile.css";
import "../src/ui/styles/stage.css";
import "../src/ui/styles/call.css";
import "../src/ui/styles/panel.css";
import "../src/ui/styles/chat.css";
import "../src/ui/styles/health.css";
import "../src/ui/styles/findings.css";
import "../src/ui/styles/contrast.css";
import "../src/ui/styles/effects.css";
import "./kit.css";
