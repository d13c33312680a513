import { ToggleButton, Toolbar } from "react-aria-components";
import { REACTIONS } from "../src/call/gestures";
import {
  AlertIcon,
  CameraIcon,
  CameraOffIcon,
  ChatIcon,
  ChevronIcon,
  HandIcon,
  LeaveIcon,
  MicrophoneIcon,
  MicrophoneOffIcon,
  PeopleIcon,
  PinIcon,
} from "../src/ui/kit/icons";
import { SYMBOLS } from "../src/ui/room/gestures/call-gestures";
import { HandMark } from "../src/ui/room/gestures/tile-gestures";
import { HealthMark } from "../src/ui/room/health/health-mark";
import { TileFace, TileFrame, TileName } from "../src/ui/room/tile";
import { TileAction, TileActions } from "../src/ui/room/tile-actions";
import { Section, State, States } from "./parts";

const GOOD = { mark: "good", isSevere: false } as const;
const FAIR = { mark: "fair", isSevere: false } as const;
const POOR = { mark: "poor", isSevere: true } as const;

export function Tiles() {
  return (
    <Section title="Tiles">
      <States>
        <State name="without a picture">
          <TileFrame name="Ann" participant="a" place={undefined}>
            <TileFace name="Ann" />
            <TileName name="Ann" standing={GOOD} />
          </TileFrame>
        </State>
        <State name="speaking">
          <TileFrame name="Bob" participant="b" place={undefined} isSpeaking>
            <TileFace name="Bob" />
            <TileName name="Bob" standing={FAIR} />
          </TileFrame>
        </State>
        <State name="all marks">
          <TileFrame name="Cyd" participant="c" place={undefined}>
            <TileFace name="Cyd" />
            <HandMark place={2} className="tile-hand" />
            <TileName
              name="Cyd with a name that is too long for its tile"
              isMuted
              records
              sharesScreen
              standing={POOR}
            />
          </TileFrame>
        </State>
        <State name="pinned">
          <TileFrame name="Dan" participant="d" place={undefined}>
            <TileFace name="Dan" />
            <TileName name="Dan" />
            <TileActions stay>
              <TileAction
                label="Pin Dan"
                icon={<PinIcon size={18} />}
                isPressed
                onPress={() => {}}
              />
            </TileActions>
          </TileFrame>
        </State>
        <State name="reconnecting">
          <TileFrame name="Eva" participant="e" place={undefined}>
            <TileFace name="Eva" />
            <div className="tile-state" role="status">
              <span className="spinner" aria-hidden="true" />
              <span>Reconnecting…</span>
            </div>
            <TileName name="Eva" />
          </TileFrame>
        </State>
        <State name="alarm">
          <TileFrame name="Fay" participant="f" place={undefined}>
            <TileFace name="Fay" />
            <div className="tile-alarm" role="alert">
              <AlertIcon size={16} />
              <span>The security code has changed</span>
            </div>
            <TileName name="Fay" />
          </TileFrame>
        </State>
        <State name="marks">
          <span className="row">
            <HealthMark standing={GOOD} size={20} />
            <HealthMark standing={FAIR} size={20} />
            <HealthMark standing={POOR} size={20} />
            <HandMark place={1} />
          </span>
        </State>
      </States>
    </Section>
  );
}

export function CallControls() {
  return (
    <Section title="Controls of a call">
      <Toolbar className="controls" aria-label="Controls">
        <div className="split">
          <button type="button" className="control" aria-label="Turn microphone off">
            <MicrophoneIcon />
          </button>
          <button type="button" className="control-more" aria-label="Choose microphone">
            <ChevronIcon size={16} />
          </button>
        </div>
        <div className="split is-off">
          <button type="button" className="control" aria-label="Turn camera on">
            <CameraOffIcon />
            <span className="control-problem" aria-hidden="true">
              <AlertIcon size={14} />
            </span>
          </button>
          <button type="button" className="control-more" aria-label="Choose camera">
            <ChevronIcon size={16} />
          </button>
        </div>
        <button type="button" className="control is-up" aria-label="Your hand is up">
          <HandIcon />
        </button>
        <span className="controls-gap" />
        <ToggleButton className="control" aria-label="People" defaultSelected>
          <PeopleIcon />
        </ToggleButton>
        <ToggleButton className="control" aria-label="Chat, 3 unread">
          <ChatIcon />
          <span className="control-badge" aria-hidden="true">
            3
          </span>
        </ToggleButton>
        <button type="button" className="control leave" aria-label="Leave">
          <LeaveIcon size={22} />
        </button>
      </Toolbar>
      <States>
        <State name="hints">
          <div className="call-hint">
            <MicrophoneOffIcon size={18} />
            <span>You are muted.</span>
          </div>
          <div className="call-hint is-on">
            <CameraIcon size={18} />
            <span>You are heard while you hold the key.</span>
          </div>
        </State>
        <State name="reactions">
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
          <div className="popover shown reactions" role="group" aria-label="React">
            {REACTIONS.map((reaction) => (
              <button key={reaction} type="button" className="reaction" aria-label={reaction}>
                {SYMBOLS[reaction]}
              </button>
            ))}
          </div>
        </State>
      </States>
    </Section>
  );
}
