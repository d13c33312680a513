import { createContext, use, useEffect, useState, useSyncExternalStore } from "react";
import type { AccountApi, Api } from "../../api";
import type { Identity, Session } from "../../session";
import type { Signaling } from "../../signaling";
import type { Store } from "../../store";
import type { Configuration } from "../../wire.gen";

export interface Services {
  accounts: AccountApi;
  api: Api;
  session: Session;
  signaling: Signaling;
}

export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = use(ServicesContext);
  if (!services) throw new Error("ServicesContext is missing");
  return services;
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** A part of what is stored: other changes render nothing. `select` gives a primitive value. */
export function useStored<T, P extends string | number | boolean | null>(
  store: Store<T>,
  select: (value: T) => P,
): P {
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}

export function useIdentity(): Identity | null {
  const state = useStore(useServices().session.state);
  return state.kind === "logged-in" ? state.identity : null;
}

let knownConfig: Promise<Configuration | null> | null = null;

/** The server's configuration; null until it is fetched. */
export function useServerConfig(): Configuration | null {
  const { accounts } = useServices();
  const [config, setConfig] = useState<Configuration | null>(null);
  useEffect(() => {
    knownConfig ??= accounts.config().catch(() => {
      knownConfig = null;
      return null;
    });
    void knownConfig.then(setConfig);
  }, [accounts]);
  return config;
}

/** The current time, updated at an interval. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · Parlour` : "Parlour";
  }, [title]);
}
