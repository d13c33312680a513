import { useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { LinkAction } from "../kit/button";
import { SearchIcon } from "../kit/icons";
import { useTexts } from "../kit/texts";

export function NotFoundPage() {
  const t = useTexts();
  useTitle(t("notFound.title"));
  return (
    <CardPage>
      <span className="emblem warm">
        <SearchIcon size={26} />
      </span>
      <div className="card-head">
        <h1>{t("notFound.heading")}</h1>
        <p className="soft">{t("notFound.text")}</p>
      </div>
      <LinkAction href="/" look="primary">
        {t("app.goHome")}
      </LinkAction>
    </CardPage>
  );
}
