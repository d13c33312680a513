import { Link as AriaLink } from "react-aria-components";
import type { CallEntry, RoomEntry } from "../../wire.gen";
import { roomPath } from "../app/destination";
import { endOf } from "../app/event-times";
import { EventIcon, LockIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { PersonName } from "../kit/person-name";
import { Rich, useShownTexts, useTexts, useTimes } from "../kit/texts";
import { peopleInCall } from "./people-in-call";
import { RoomMenu } from "./room-menu";

interface RoomCardProps {
  room: RoomEntry;
  inUse: boolean;
  /** Null where nobody is in its call, or this person may not know who. */
  call: CallEntry | null;
  own: boolean;
  /** Called when its creator has changed or deleted it. */
  onChange(): void;
}

export function RoomCard({ room, inUse, call, own, onChange }: RoomCardProps) {
  const t = useTexts();
  const times = useTimes();
  const { locale } = useShownTexts();
  return (
    <article className="room-card">
      <AriaLink href={roomPath(room.name)} className="title">
        <Isolated>{room.name}</Isolated>
      </AriaLink>
      {own && <RoomMenu room={room} onChange={onChange} />}
      {room.starts_at && (
        <time className="when" dateTime={room.starts_at}>
          {times.event(room.starts_at, endOf(room), false)}
        </time>
      )}
      {room.description && (
        <p className="about" dir="auto">
          {room.description}
        </p>
      )}
      {inUse && call && (
        <p className="small" dir="auto">
          {peopleInCall(t, locale, call)}
        </p>
      )}
      <div className="row">
        {room.room_id !== null ? (
          <span className="badge warm">
            <EventIcon size={14} />
            <span>{t("app.event")}</span>
          </span>
        ) : (
          <span className="badge">
            <LockIcon size={14} />
            <span>{t("home.password")}</span>
          </span>
        )}
        {own && <span className="badge">{t("home.yours")}</span>}
        {inUse && (
          <span className="badge accent">
            <span className="dot" />
            <span>{t("app.inUse")}</span>
          </span>
        )}
        {!own && room.username && (
          <span className="by">
            <Rich
              text="app.by"
              name={<PersonName username={room.username} displayName={room.displayName} />}
            />
          </span>
        )}
      </div>
    </article>
  );
}
