import { withoutBasePath } from "../base-path";
import { useServerConfig } from "./services";
import { CardPage } from "./shell";

/** Where people should be instead; null where they are right, or nobody knows yet. */
export function useExpectedAddress(): string | null {
  const config = useServerConfig();
  if (!config || config.origins.includes(location.origin)) return null;
  // All of it: the fragment of a mail's link is its token.
  return config.public_url + withoutBasePath(location.pathname) + location.search + location.hash;
}

/** At an address that the server does not know as its own, it refuses every call. */
export function WrongAddress({ expected }: { expected: string }) {
  return (
    <CardPage>
      <h1>Open Parlour at its own address</h1>
      <p>
        Calls don’t work at <span>{location.origin}</span>. Open it at{" "}
        <a href={expected}>{new URL(expected).origin}</a>.
      </p>
      <p className="soft small">
        If you run this server and people should open it here, set PARLOUR_PUBLIC_URL or
        PARLOUR_ALLOWED_ORIGINS to <span>{location.origin}</span>.
      </p>
    </CardPage>
  );
}
