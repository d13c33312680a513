import { BASE_PATH, isBelowBasePath, withoutBasePath } from "../../base-path";
import { useServerConfig } from "./services";
import { CardPage } from "./shell";

/** Where people should be instead; null where they are right, or nobody knows yet. */
export function useExpectedAddress(): string | null {
  const config = useServerConfig();
  // All of it: the fragment of a mail's link is its token.
  const rest = withoutBasePath(location.pathname) + location.search + location.hash;
  if (config && !config.origins.includes(location.origin)) return config.public_url + rest;
  return isBelowBasePath(location.pathname) ? null : location.origin + BASE_PATH + rest;
}

/** At an address that the server does not know as its own, it refuses every call, and no page is found. */
export function WrongAddress({ expected }: { expected: string }) {
  return (
    <CardPage>
      <h1>Open Parlour at its own address</h1>
      <p>
        Calls don’t work at <span>{location.origin + (BASE_PATH && location.pathname)}</span>. Open
        it at <a href={expected}>{new URL(expected).origin + BASE_PATH}</a>.
      </p>
      <p className="soft small">
        If you run this server and people should open it here, set PARLOUR_PUBLIC_URL or
        PARLOUR_ALLOWED_ORIGINS to <span>{location.origin}</span>.
      </p>
    </CardPage>
  );
}
