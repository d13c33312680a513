import { TextLink } from "../kit/button";
import { useCallTexts } from "./texts";

/** Leads to the check beside the call, which goes on. */
export function CheckLink() {
  const t = useCallTexts();
  return (
    <TextLink href="/check" target="_blank">
      {t("app.checkConnection")}
    </TextLink>
  );
}
