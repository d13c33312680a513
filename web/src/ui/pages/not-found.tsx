import { useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { LinkAction } from "../kit/button";
import { SearchIcon } from "../kit/icons";
import { useTexts } from "../kit/texts";
import { TroubleHead } from "../kit/trouble-head";

export function NotFoundPage() {
  const t = useTexts();
  useTitle(t("notFound.title"));
  return (
    <CardPage>
      <TroubleHead icon={<SearchIcon size={26} />} title={t("notFound.heading")}>
        {t("notFound.text")}
      </TroubleHead>
      <LinkAction href="/" look="primary">
        {t("app.goHome")}
      </LinkAction>
    </CardPage>
  );
}
