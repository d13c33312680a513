import { type ReactElement, useEffect, useMemo, useState } from "react";
import { Input, SearchField } from "react-aria-components";
import type { Identity } from "../../session";
import { forgetRooms, recentRooms } from "../app/recent-rooms";
import {
  useIdentity,
  useNow,
  useServerConfig,
  useServices,
  useStore,
  useTitle,
} from "../app/services";
import { Action, LinkAction } from "../kit/button";
import { PlusIcon, SearchIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { Notice, Spinner } from "../kit/notice";
import { Rich, useSentence, useTexts } from "../kit/texts";
import { RoomCard } from "./room-card";
import { groupRooms, isOwn, type RoomGroup } from "./room-groups";
import type { LoadedRooms } from "./room-pages";
import { type Calls, useCalls } from "./use-calls";
import { useFound, useRooms } from "./use-rooms";

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
      {loaded && !isHidden && <Rooms loaded={loaded} identity={identity} onChange={reload} />}
      {loaded?.more && <Action onPress={loadMore}>{t("home.more")}</Action>}
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

interface RoomsProps {
  loaded: LoadedRooms;
  identity: Identity | null;
  onChange(): void;
}

function Rooms({ loaded, identity, onChange }: RoomsProps) {
  const t = useTexts();
  const { signaling } = useServices();
  const [search, setSearch] = useState("");
  const { rooms, isSearching } = useFound(loaded, search);
  const roomsInUse = useStore(signaling.roomsInUse);
  const inUse = new Set(roomsInUse);
  const calls = useCalls(roomsInUse);
  const recent = useRecentRooms(identity);
  const me = identity?.username ?? null;
  const now = useNow(60_000);
  if (loaded.rooms.length === 0) return <NoRooms mayOpen={me !== null} />;
  const groups = groupRooms(rooms, { me, recent, now });
  return (
    <>
      {loaded.rooms.length > 3 && (
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
      {groups.length === 0 && isSearching && <Spinner label={t("home.loading")} />}
      {groups.length === 0 && !isSearching && (
        <div className="empty" role="status">
          <h2>{t("home.nothingFound")}</h2>
          <p>
            <Rich text="home.noMatch" search={<Isolated>{search.trim()}</Isolated>} />
          </p>
          <Action onPress={() => setSearch("")}>{t("home.showAll")}</Action>
        </div>
      )}
      {groups.map((group) => (
        <Group
          key={group.kind}
          group={group}
          me={me}
          calls={calls}
          inUse={inUse}
          onChange={onChange}
        />
      ))}
    </>
  );
}

/** Read once: cards do not change places while somebody looks at them. */
function useRecentRooms(identity: Identity | null): readonly string[] {
  const who = identity?.email ?? null;
  useEffect(() => {
    if (who === null) forgetRooms();
  }, [who]);
  return useMemo(() => (who === null ? [] : recentRooms(who)), [who]);
}

interface GroupProps {
  group: RoomGroup;
  me: string | null;
  calls: Calls;
  inUse: ReadonlySet<string>;
  onChange(): void;
}

function Group({ group, me, calls, inUse, onChange }: GroupProps) {
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
            <RoomCard
              room={room}
              inUse={inUse.has(room.name)}
              call={calls.get(room.name) ?? null}
              own={isOwn(room, me)}
              onChange={onChange}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

function NoRooms({ mayOpen }: { mayOpen: boolean }) {
  const t = useTexts();
  return (
    <div className="empty">
      <h2>{t("home.emptyTitle")}</h2>
      <p>{mayOpen ? t("home.emptyClient") : t("home.emptyVisitor")}</p>
      {mayOpen && (
        <>
          <ol className="first-steps">
            <li>{t("home.stepOpen")}</li>
            <li>{t("home.stepShare")}</li>
            <li>{t("home.stepMeet")}</li>
          </ol>
          <LinkAction href="/new" look="primary">
            {t("home.openRoom")}
          </LinkAction>
        </>
      )}
    </div>
  );
}
