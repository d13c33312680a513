import { Component, type ErrorInfo, type ReactElement, type ReactNode } from "react";
import { withBasePath, withoutBasePath } from "../../base-path";
import { Action } from "../kit/button";
import { copied } from "../kit/clipboard";
import { AlertIcon } from "../kit/icons";
import { useTexts } from "../kit/texts";
import { toast } from "../kit/toast";
import { type Failed, failureReport } from "./failure-report";
import { useServerConfig } from "./services";
import { CardPage } from "./shell";

interface FailureBoundaryProps {
  children: ReactNode;
  /** Replaces the card's text and ways back. */
  instead?: (retry: () => void) => ReactElement;
  /** Resets the boundary when it changes: another page is another attempt. */
  at?: string;
}

interface FailureState {
  failed: Failed | null;
}

/** Shows a way back and a report where rendering fails; without it, React would leave a white page. */
export class FailureBoundary extends Component<FailureBoundaryProps, FailureState> {
  override state: FailureState = { failed: null };

  static getDerivedStateFromError(error: unknown): FailureState {
    return { failed: { error, componentStack: "" } };
  }

  override componentDidCatch(error: unknown, { componentStack }: ErrorInfo): void {
    console.error("Rendering failed", error, componentStack);
    this.setState({ failed: { error, componentStack: componentStack ?? "" } });
  }

  override componentDidUpdate({ at }: FailureBoundaryProps): void {
    if (at !== this.props.at && this.state.failed) this.#retry();
  }

  override render(): ReactNode {
    const { failed } = this.state;
    if (!failed) return this.props.children;
    return (
      <CardPage>
        <span className="emblem warm">
          <AlertIcon size={26} />
        </span>
        {this.props.instead?.(this.#retry) ?? <FailedPage />}
        <Report failed={failed} />
      </CardPage>
    );
  }

  readonly #retry = () => this.setState({ failed: null });
}

/** A plain link, which loads the page and so restarts the client. */
function FailedPage() {
  const t = useTexts();
  return (
    <>
      <div className="card-head" role="alert">
        <h1>{t("failure.title")}</h1>
        <p className="soft">{t("failure.text")}</p>
      </div>
      <Action look="primary" onPress={() => location.reload()}>
        {t("failure.reload")}
      </Action>
      <a className="button secondary" href={withBasePath("/")}>
        {t("app.goHome")}
      </a>
    </>
  );
}

/** Shows the report, to be read before it is sent, and copied by hand where the browser does not copy. */
function Report({ failed }: { failed: Failed }) {
  const t = useTexts();
  const version = useServerConfig()?.version ?? "?";
  const report = failureReport(failed, {
    version,
    path: withoutBasePath(location.pathname),
    browser: navigator.userAgent,
  });
  const copy = async () =>
    toast((await copied(report)) ? t("failure.copied") : t("failure.notCopied"));
  return (
    <>
      <Action look="quiet" onPress={() => void copy()}>
        {t("failure.copy")}
      </Action>
      <details className="failure-report">
        <summary>{t("failure.contents")}</summary>
        <pre>{report}</pre>
      </details>
    </>
  );
}
