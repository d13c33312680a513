import { BASE_PATH, isBelowBasePath, withoutBasePath } from "../../base-path";
import { Rich, useTexts } from "../kit/texts";
import { useServerConfig } from "./services";
import { CardPage } from "./shell";

/** The address that the server expects; null where the page is there already, or the server has not answered. */
export function useExpectedAddress(): string | null {
  const config = useServerConfig();
  // The whole address, since the fragment of a mailed link is its token.
  const rest = withoutBasePath(location.pathname) + location.search + location.hash;
  if (config && !config.origins.includes(location.origin)) return config.public_url + rest;
  return isBelowBasePath(location.pathname) ? null : location.origin + BASE_PATH + rest;
}

/** Leads to the right address: at one that the server does not know as its own, it refuses every request. */
export function WrongAddress({ expected }: { expected: string }) {
  const t = useTexts();
  return (
    <CardPage>
      <h1>{t("address.title")}</h1>
      <p>
        <Rich
          text="address.text"
          here={<bdi>{location.origin + (BASE_PATH && location.pathname)}</bdi>}
          there={<a href={expected}>{new URL(expected).origin + BASE_PATH}</a>}
        />
      </p>
      <p className="soft small">{t("address.operator", { origin: location.origin })}</p>
    </CardPage>
  );
}
