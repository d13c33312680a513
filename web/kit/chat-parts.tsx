import type { ChatEntry } from "../src/call/chat-entries";
import { Message } from "../src/ui/room/chat/message";
import { Section, State, States } from "./parts";

const DEEDS = { reply() {}, edit() {}, again() {}, copy() {}, remove() {} };
const SENT: ChatEntry = {
  message_id: "1",
  room: "Kitchen",
  username: "bob",
  email: "bob@example.org",
  message: "When do we begin? https://example.org/slides/summer-planning-with-everybody",
  sent_at: "2026-03-01T09:30:00Z",
  delivery: "sent",
};
const STATES: Readonly<Record<string, Partial<ChatEntry>>> = {
  "of somebody else": {},
  "with a name of their own": { displayName: "Bob Ångström" },
  edited: { edited_at: "2026-03-01T09:31:00Z" },
  deleted: { message: "", deleted_at: "2026-03-01T09:31:00Z" },
  "an answer": {
    reply_to: "0",
    quote: { username: "ann", message: "Is there a time that suits all of us this week?" },
  },
  sending: { delivery: "sending" },
  failed: { delivery: "failed" },
};

export function ChatEntries() {
  return (
    <Section title="Entries of the chat">
      <States>
        {Object.entries(STATES).map(([name, change]) => (
          <State key={name} name={name}>
            <Entry change={change} mine={change.delivery !== undefined} />
          </State>
        ))}
        <State name="one’s own">
          <Entry change={{ message: "At noon." }} mine />
        </State>
        <State name="in Arabic">
          <Entry change={{ message: "صباح الخير، متى نبدأ؟" }} />
        </State>
        <State name="the first that is unread, of a new day">
          <Entry change={{}} isFirst />
        </State>
      </States>
    </Section>
  );
}

interface EntryProps {
  change: Partial<ChatEntry>;
  mine?: boolean;
  isFirst?: boolean;
}

function Entry({ change, mine = false, isFirst = false }: EntryProps) {
  return (
    <div className="wide">
      <Message
        entry={{ ...SENT, ...change }}
        day={isFirst ? "Today" : null}
        isFirstUnread={isFirst}
        follows={false}
        mine={mine}
        isLit={false}
        isMenuOpen={false}
        deeds={DEEDS}
        onMenu={() => {}}
        onJump={() => {}}
      />
    </div>
  );
}
