import { ChevronIcon } from "../kit/icons";
import type { StageLayout } from "./stage-layout";
import { useCallTexts } from "./texts";
import { fromStart } from "./tile";

interface PagerProps {
  layout: StageLayout;
  /** Whether somebody speaks on a page before, or after, the one that is shown. */
  isSpeaking: { before: boolean; after: boolean };
  onPage(page: number): void;
}

/** The buttons that turn the pages. They stay where they are on the first and the last page, so that no focus is lost. */
export function Pager({ layout: { pager, page, pages }, isSpeaking, onPage }: PagerProps) {
  const t = useCallTexts();
  if (!pager) return null;
  return (
    <nav className="pager" aria-label={t("call.stage.pages")} style={fromStart(pager)}>
      <button
        type="button"
        className="button icon-only compact previous"
        aria-label={t("call.stage.previousPage")}
        aria-disabled={page === 0}
        data-speaking={isSpeaking.before || undefined}
        onClick={() => page > 0 && onPage(page - 1)}
      >
        <ChevronIcon />
      </button>
      <span className="numbers" role="status">
        <span className="unseen">{t("call.stage.page", { page: page + 1, pages })}</span>
        <span aria-hidden="true">{t("call.stage.pageOf", { page: page + 1, pages })}</span>
      </span>
      <button
        type="button"
        className="button icon-only compact next"
        aria-label={t("call.stage.nextPage")}
        aria-disabled={page === pages - 1}
        data-speaking={isSpeaking.after || undefined}
        onClick={() => page < pages - 1 && onPage(page + 1)}
      >
        <ChevronIcon />
      </button>
    </nav>
  );
}
