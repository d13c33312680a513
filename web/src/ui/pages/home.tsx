import { type ReactElement, useCallback, useEffect, useRef, useState } from "react";
import { Link as AriaLink, Input, SearchField } from "react-aria-components";
import { Problem } from "../../problem";
import type { RoomEntry } from "../../wire.gen";
import { roomPath } from "../app/destination";
import { useIdentity, useServerConfig, useServices, useStore, useTitle } from "../app/services";
import { Action, LinkAction } from "../kit/button";
import { EventIcon, LockIcon, PlusIcon, SearchIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { Notice, Spinner } from "../kit/notice";
import { PersonName } from "../kit/person-name";
import { Rich, useSentence, useTexts } from "../kit/texts";
import { groupRooms, type RoomGroup } from "./room-groups";
import { FIRST_ROOMS, type LoadedRooms, roomPages } from "./room-pages";

export function HomePage({ children }: { children: ReactElement }) {
  const t = useTexts();
  const sentence = useSentence();
  useTitle("");
  const identity = useIdentity();
  const config = useServerConfig();
  const mayCreate = config?.room_creation !== "nobody";
  const isHidden = identity === null && config?.public_room_list === false;
  const { loaded, problem, reload, loadMore } = useRooms(identity?.email ?? null);
  return (
    <main className="page">
      {identity ? (
        <div className="home-head">
          <div>
            <h1>{t("home.rooms")}</h1>
            <p className="soft">
              {identity.username === null ? t("home.asGuest") : t("home.asClient")}
            </p>
          </div>
          {identity.username !== null && mayCreate && (
            <LinkAction href="/new" look="primary">
              <PlusIcon />
              <span>{t("home.newRoom")}</span>
            </LinkAction>
          )}
        </div>
      ) : (
        <Welcome />
      )}
      {children}
      {problem && (
        <Notice tone="danger">
          <span>{sentence(problem)}</span>{" "}
          <Action look="quiet" className="compact" onPress={reload}>
            {t("app.tryAgain")}
          </Action>
        </Notice>
      )}
      {!loaded && !problem && <Spinner label={t("home.loading")} />}
      {isHidden && <p className="soft">{t("home.hidden")}</p>}
      {loaded && !isHidden && <Rooms rooms={loaded.rooms} me={identity?.username ?? null} />}
      {loaded?.more && loaded.rooms.length >= FIRST_ROOMS && (
        <Action onPress={loadMore}>{t("home.more")}</Action>
      )}
    </main>
  );
}

function Welcome() {
  const t = useTexts();
  return (
    <section className="welcome">
      <h1>{t("home.welcomeTitle")}</h1>
      <p>{t("home.welcome")}</p>
      <div className="row">
        <LinkAction href="/register" look="primary">
          {t("app.createAccount")}
        </LinkAction>
        <LinkAction href="/register?as=guest">{t("app.joinAsGuest")}</LinkAction>
      </div>
    </section>
  );
}

/** Shows the first load page by page, and later ones, which replace it, when they are complete. */
function useRooms(person: string | null) {
  const { api, signaling } = useServices();
  const inUse = useStore(signaling.roomsInUse);
  const [loaded, setLoaded] = useState<LoadedRooms | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [most, setMost] = useState(FIRST_ROOMS);
  const latest = useRef(0);
  const reload = useCallback(async () => {
    const load = ++latest.current;
    let last: LoadedRooms | null = null;
    try {
      for await (const pages of roomPages((page) => api.rooms(page), most)) {
        if (load !== latest.current) return;
        last = pages;
        setLoaded((before) => (isProgress(before, pages) ? pages : before));
      }
      setLoaded(last);
      setProblem(null);
    } catch (error) {
      if (load === latest.current) setProblem(Problem.of(error));
    }
  }, [api, most]);
  // A room in use that a complete list lacks is new.
  const isComplete = loaded !== null && !loaded.more;
  const unknown =
    isComplete && inUse.some((name) => !loaded.rooms.some((room) => room.name === name));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list depends on the person
  useEffect(() => void reload(), [reload, person, unknown]);
  useEffect(() => {
    const onFocus = () => document.visibilityState === "visible" && void reload();
    document.addEventListener("visibilitychange", onFocus);
    return () => document.removeEventListener("visibilitychange", onFocus);
  }, [reload]);
  const loadMore = () => setMost((before) => before + FIRST_ROOMS);
  return { loaded, problem, reload: () => void reload(), loadMore };
}

/** A complete list stays until the next one is complete. */
function isProgress(before: LoadedRooms | null, pages: LoadedRooms): boolean {
  return before === null || (before.more && pages.rooms.length > before.rooms.length);
}

function Rooms({ rooms, me }: { rooms: readonly RoomEntry[]; me: string | null }) {
  const t = useTexts();
  const { signaling } = useServices();
  const [search, setSearch] = useState("");
  const inUse = new Set(useStore(signaling.roomsInUse));
  if (rooms.length === 0) return <NoRooms loggedIn={me !== null} />;
  const groups = groupRooms(rooms, { me, search });
  return (
    <>
      {rooms.length > 3 && (
        <SearchField
          className="field room-search"
          aria-label={t("home.search")}
          value={search}
          onChange={setSearch}
        >
          <div className="field-box">
            <SearchIcon />
            <Input placeholder={t("home.search")} />
          </div>
        </SearchField>
      )}
      {groups.length === 0 && (
        <div className="empty" role="status">
          <h2>{t("home.nothingFound")}</h2>
          <p>
            <Rich text="home.noMatch" search={<Isolated>{search.trim()}</Isolated>} />
          </p>
          <Action onPress={() => setSearch("")}>{t("home.showAll")}</Action>
        </div>
      )}
      {groups.map((group) => (
        <Group key={group.kind} group={group} inUse={inUse} />
      ))}
    </>
  );
}

function Group({ group, inUse }: { group: RoomGroup; inUse: ReadonlySet<string> }) {
  const t = useTexts();
  const title = t(`home.${group.kind}`);
  return (
    <section className="room-group" aria-label={title}>
      <h2>
        <span>{title}</span> <span className="count">{group.rooms.length}</span>
      </h2>
      <ul className="room-list">
        {group.rooms.map((room) => (
          <li key={room.name}>
            <RoomCard room={room} inUse={inUse.has(room.name)} own={group.kind === "own"} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function RoomCard({ room, inUse, own }: { room: RoomEntry; inUse: boolean; own: boolean }) {
  const t = useTexts();
  return (
    <article className="room-card">
      <AriaLink href={roomPath(room.name)} className="title">
        <Isolated>{room.name}</Isolated>
      </AriaLink>
      {room.description && (
        <p className="about" dir="auto">
          {room.description}
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

function NoRooms({ loggedIn }: { loggedIn: boolean }) {
  const t = useTexts();
  return (
    <div className="empty">
      <h2>{t("home.emptyTitle")}</h2>
      <p>{loggedIn ? t("home.emptyClient") : t("home.emptyVisitor")}</p>
      {loggedIn && (
        <LinkAction href="/new" look="primary">
          {t("home.openRoom")}
        </LinkAction>
      )}
    </div>
  );
}
