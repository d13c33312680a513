import { Section, State, States } from "./parts";

/** What each colour is for. */
const COLOURS = {
  paper: "The ground of pages",
  surface: "Cards, panels, fields",
  "surface-raised": "Menus, controls: what lies above",
  "surface-sunken": "Quiet notices, messages of others, what is pointed at",
  ink: "Words",
  "ink-soft": "Words of less weight, at least 4.5:1 on each surface",
  line: "Lines between things; says nothing alone",
  "line-strong": "Borders of fields, at least 3:1",
  accent: "What one may do next; the focus",
  "accent-soft": "What is chosen; one’s own messages; success",
  "on-accent-soft": "Words on it",
  danger: "Words of errors",
  "danger-fill": "What cannot be undone; leaving",
  "danger-soft": "Errors; devices that are off",
  "on-danger-soft": "Words on it",
  "warning-soft": "Warnings; what runs out",
  "on-warning-soft": "Words on it",
  lamp: "Who speaks; a hand that is up",
  tile: "Tiles without a picture, dark in both themes",
  shade: "Behind words on a picture",
} as const;

const SPACES = [1, 2, 3, 4, 5, 6, 7, 8] as const;
const TEXTS = {
  s: "Hints, times, marks",
  m: "All else",
  l: "Titles in a page",
  xl: "Titles of cards",
  xxl: "The title of a page",
} as const;
const RADII = {
  s: "Items, small buttons",
  m: "Buttons, fields, notices",
  l: "Cards, tiles",
  round: "Marks, controls",
} as const;

export function Tokens() {
  return (
    <>
      <Section title="Colours">
        <States>
          {Object.entries(COLOURS).map(([name, use]) => (
            <State key={name} name={`--${name}`}>
              <div className="swatch" style={{ background: `var(--${name})` }} />
              <span className="small">{use}</span>
            </State>
          ))}
        </States>
      </Section>
      <Section title="Sizes">
        <States>
          {SPACES.map((step) => (
            <State key={step} name={`--space-${step}`}>
              <div className="bar" style={{ width: `var(--space-${step})` }} />
            </State>
          ))}
          {Object.entries(RADII).map(([name, use]) => (
            <State key={name} name={`--radius-${name}`}>
              <div className="swatch" style={{ borderRadius: `var(--radius-${name})` }} />
              <span className="small">{use}</span>
            </State>
          ))}
          {Object.entries(TEXTS).map(([name, use]) => (
            <State key={name} name={`--text-${name}: ${use}`}>
              <span style={{ fontSize: `var(--text-${name})` }}>Ångström &amp; Žižek</span>
            </State>
          ))}
        </States>
      </Section>
    </>
  );
}
