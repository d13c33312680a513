import {
  createContext,
  type ReactNode,
  type RefObject,
  useContext,
  useEffect,
  useMemo,
  useRef,
} from "react";
import { KeptSwitch } from "../../app/kept-switch";
import { useStore } from "../../app/services";
import type { Keys } from "../../kit/keys";
import { useCallTexts } from "../texts";
import { ariaKeyOf, SHORTCUTS, type Shortcut, type ShortcutName, shortcutOf } from "./shortcuts";

/** Whether single keys are shortcuts: they get in the way of some who speak to their computer or type with aids. */
export const singleKeys = new KeptSwitch("parlour.shortcuts", true);

type Run = () => void;

/** What the shortcuts of a call do, as its components say while they are shown. */
class ShortcutHandlers {
  readonly #runs = new Map<ShortcutName, RefObject<Run>>();

  handle(name: ShortcutName, run: RefObject<Run>): () => void {
    this.#runs.set(name, run);
    return () => {
      if (this.#runs.get(name) === run) this.#runs.delete(name);
    };
  }

  /** Whether something was done. */
  run(name: ShortcutName): boolean {
    const run = this.#runs.get(name);
    run?.current();
    return run !== undefined;
  }
}

const Handlers = createContext<ShortcutHandlers | null>(null);

/** What a person types into, and what takes letters itself to find an item. */
const TAKES_KEYS = [
  "input:not([type=checkbox]):not([type=radio]):not([type=range])",
  "textarea",
  "select",
  "[contenteditable]",
  "[role=menu]",
  "[role=listbox]",
  "[role=grid]",
].join();

/** Whether a key that was pressed there may be a shortcut of the call; menus and dialogs lie outside of it. */
export function mayBeShortcut(target: EventTarget | null, call: HTMLElement | null): boolean {
  if (target === document.body) return !document.querySelector("[role=dialog], [role=menu]");
  return target instanceof Element && !!call?.contains(target) && !target.closest(TAKES_KEYS);
}

interface ShortcutsProps {
  call: RefObject<HTMLElement | null>;
  children: ReactNode;
}

/** Listens to the keyboard for the components of a call, each of which says by `useShortcut` what it does. */
export function Shortcuts({ call, children }: ShortcutsProps) {
  const handlers = useMemo(() => new ShortcutHandlers(), []);
  const isOn = useStore(singleKeys.state);
  useEffect(() => {
    if (!isOn) return;
    const onKey = (event: KeyboardEvent) => {
      if (!mayBeShortcut(event.target, call.current)) return;
      const name = shortcutOf(event);
      if (name && handlers.run(name)) event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [handlers, isOn, call]);
  return <Handlers value={handlers}>{children}</Handlers>;
}

/** Says what a shortcut does while the component is shown; null where it does nothing for now. */
export function useShortcut(name: ShortcutName | null, run: Run | null): void {
  const handlers = useContext(Handlers);
  const latest = useRef<Run>(() => {});
  useEffect(() => {
    if (run) latest.current = run;
  }, [run]);
  const isAble = run !== null;
  useEffect(
    () => (isAble && name ? handlers?.handle(name, latest) : undefined),
    [handlers, name, isAble],
  );
}

/** The keys of a shortcut, for a button outside or inside of a call; null where there are none. */
export function useKeysOf(name: ShortcutName | undefined): Keys | null {
  const t = useCallTexts();
  const isInCall = useContext(Handlers) !== null;
  const isOn = useStore(singleKeys.state);
  if (!name || !isOn || !isInCall) return null;
  const { key }: Shortcut = SHORTCUTS[name];
  return { aria: ariaKeyOf(name), label: key === " " ? t("call.keys.space") : key.toUpperCase() };
}
