import { Component, type ErrorInfo, type ReactNode } from "react";
import { withBasePath } from "../base-path";
import { AlertIcon } from "./icons";
import { CardPage } from "./shell";

interface FailureState {
  failed: boolean;
}

/**
 * Shows a page with a way out where rendering fails; React would leave a white one. The link is a plain
 * one, since the client starts anew by it.
 */
export class FailureBoundary extends Component<{ children: ReactNode }, FailureState> {
  override state: FailureState = { failed: false };

  static getDerivedStateFromError(): FailureState {
    return { failed: true };
  }

  override componentDidCatch(error: unknown, { componentStack }: ErrorInfo): void {
    console.error("Rendering failed", error, componentStack);
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <CardPage>
        <span className="emblem warm">
          <AlertIcon size={26} />
        </span>
        <div className="card-head" role="alert">
          <h1>Something went wrong</h1>
          <p className="soft">This page could not be shown. Nothing that you sent is lost.</p>
        </div>
        <a className="button primary" href={withBasePath("/")}>
          Go to the home page
        </a>
      </CardPage>
    );
  }
}
