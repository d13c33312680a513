import { useEffect, useRef, useState } from "react";
import type { Call } from "../../call/call";
import { SELF } from "../../call/gestures";
import type { Standing } from "../../call/health/mark";
import type { Participant } from "../../call/topology";
import { shortened } from "../../length";
import { useStore } from "../app/services";
import { ANNOUNCED, captions } from "./announced";
import { type TranslateCall, useCallTexts } from "./texts";

const MOST_KEPT = 5;
const MOST_READ = 200;

type Named = Pick<Participant, "id" | "username" | "displayName">;

/** Makes sentences on who joined and who left between two lists of participants. */
export function comingAndGoing(
  t: TranslateCall,
  before: readonly Named[],
  after: readonly Named[],
): string[] {
  const missing = (from: readonly Named[], among: readonly Named[]) =>
    from.filter(({ id }) => !among.some((other) => other.id === id));
  const sentence = (people: readonly Named[], key: "call.updates.joined" | "call.updates.left") =>
    people.length > 0 ? [t(key, { count: people.length, names: namesOf(people) })] : [];
  return [
    ...sentence(missing(after, before), "call.updates.joined"),
    ...sentence(missing(before, after), "call.updates.left"),
  ];
}

type Sharing = Named & { readonly screens: readonly unknown[] };

/** Makes sentences on who begins and who ceases to share a screen. Those who have left are passed over. */
export function sharingChanges(
  t: TranslateCall,
  before: readonly Sharing[],
  after: readonly Sharing[],
): string[] {
  return after.flatMap((participant) => {
    const former = before.find(({ id }) => id === participant.id)?.screens.length ?? 0;
    const count = participant.screens.length;
    const names = namesOf([participant]);
    if (count > former) return [t("call.updates.shares", { names })];
    return count < former ? [t("call.updates.sharesNoMore", { names })] : [];
  });
}

type Connection = Named & { readonly standing: Standing | null };

/** Makes sentences on connections that became poor, or are poor no longer. */
export function betterAndWorse(
  t: TranslateCall,
  before: readonly Connection[],
  after: readonly Connection[],
): string[] {
  const isPoor = (connections: readonly Connection[], id: string) =>
    connections.find((one) => one.id === id)?.standing?.mark === "poor";
  const known = after.filter(({ standing }) => standing !== null);
  const worse = known.filter(({ id }) => isPoor(after, id) && !isPoor(before, id));
  const better = known.filter(({ id }) => isPoor(before, id) && !isPoor(after, id));
  const sentence = (people: readonly Named[], key: "call.updates.poor" | "call.updates.better") =>
    people.length > 0 ? [t(key, { names: namesOf(people) })] : [];
  return [...sentence(worse, "call.updates.poor"), ...sentence(better, "call.updates.better")];
}

/** Makes sentences on hands that went up, with their places. */
export function handsUp(
  t: TranslateCall,
  before: readonly string[],
  after: readonly string[],
  people: readonly Named[],
): string[] {
  return after.flatMap((id, index) => {
    const person = people.find((one) => one.id === id);
    if (before.includes(id)) return [];
    if (id === SELF) return [t("call.updates.ownHand", { place: index + 1 })];
    return person ? [t("call.updates.hand", { name: namesOf([person]), place: index + 1 })] : [];
  });
}

const CAPTION_MS = 5_000;

/** The latest announcements, for those who see. */
function Captions({ told }: { told: readonly { id: number; text: string }[] }) {
  const [shownAfter, setShownAfter] = useState(() => told.at(-1)?.id ?? -1);
  const last = told.at(-1)?.id ?? -1;
  useEffect(() => {
    const timer = setTimeout(() => setShownAfter(last), CAPTION_MS);
    return () => clearTimeout(timer);
  }, [last]);
  return (
    <div className="captions" aria-hidden="true">
      {told
        .filter(({ id }) => id > shownAfter)
        .map(({ id, text }) => (
          <p key={id}>{text}</p>
        ))}
    </div>
  );
}

function namesOf(people: readonly Named[]): string {
  return people.map(({ displayName, username }) => displayName ?? username).join(", ");
}

/** Tells a screen reader who joins and leaves, raises a hand or reacts, whose connection is poor, and who writes while the chat is closed. */
export function Announcements({ call }: { call: Call }) {
  const t = useCallTexts();
  const participants = useStore(call.participants);
  const { entries, unread } = useStore(call.chat.state);
  const [told, setTold] = useState<readonly { id: number; text: string }[]>([]);
  const next = useRef(0);
  const tell = useRef((kind: keyof typeof ANNOUNCED, texts: readonly string[]) => {
    if (texts.length === 0 || !ANNOUNCED[kind].state.get()) return;
    const added = texts.map((text) => ({ id: next.current++, text }));
    setTold((before) => [...before, ...added].slice(-MOST_KEPT));
  });
  const known = useRef<readonly Participant[]>([]);
  useEffect(() => {
    tell.current("arrivals", comingAndGoing(t, known.current, participants));
    tell.current("arrivals", sharingChanges(t, known.current, participants));
    known.current = participants;
  }, [participants, t]);
  const connections = useStore(call.health.records);
  const judged = useRef<readonly Connection[]>([]);
  useEffect(() => {
    tell.current("connections", betterAndWorse(t, judged.current, connections));
    judged.current = connections;
  }, [connections, t]);
  const read = useRef(0);
  useEffect(() => {
    const last = entries.at(-1);
    if (unread > read.current && last) {
      const name = last.displayName ?? last.username;
      tell.current("messages", [
        t("call.updates.wrote", { name, text: shortened(last.message, MOST_READ) }),
      ]);
    }
    read.current = unread;
  }, [entries, unread, t]);
  const hands = useStore(call.gestures.hands);
  const raised = useRef<readonly string[]>([]);
  useEffect(() => {
    tell.current("gestures", handsUp(t, raised.current, hands, call.participants.get()));
    raised.current = hands;
  }, [hands, call, t]);
  const reaction = useStore(call.gestures.latest);
  useEffect(() => {
    const person = call.participants.get().find(({ id }) => id === reaction?.participant);
    if (!reaction || !person) return;
    const what = t(`call.reaction.${reaction.reaction}`);
    tell.current("gestures", [
      t("call.updates.reacted", { name: namesOf([person]), reaction: what }),
    ]);
  }, [reaction, call, t]);
  return (
    <>
      <div className="unseen" role="status" aria-label={t("call.updates.region")}>
        {told.map(({ id, text }) => (
          <p key={id}>{text}</p>
        ))}
      </div>
      {useStore(captions.state) && <Captions told={told} />}
    </>
  );
}
