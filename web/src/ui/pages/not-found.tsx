import { useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { LinkAction } from "../kit/button";
import { SearchIcon } from "../kit/icons";

export function NotFoundPage() {
  useTitle("Page not found");
  return (
    <CardPage>
      <span className="emblem warm">
        <SearchIcon size={26} />
      </span>
      <div className="card-head">
        <h1>This page doesn’t exist</h1>
        <p className="soft">The link may be incomplete, or the page has moved.</p>
      </div>
      <LinkAction href="/" look="primary">
        Go to the home page
      </LinkAction>
    </CardPage>
  );
}
