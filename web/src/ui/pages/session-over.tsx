import { useLocation } from "wouter";
import { Action } from "../button";
import { ClockIcon } from "../icons";
import { useServices, useTitle } from "../services";
import { CardPage } from "../shell";

export function SessionOverPage({ code, message }: { code: string; message: string }) {
  const { session } = useServices();
  const [, navigate] = useLocation();
  const guest = code === "guest_expired";
  const gone = code === "account_deleted";
  const title = guest
    ? "Your guest time is over"
    : gone
      ? "Your account is deleted"
      : "You have been logged out";
  useTitle(title);
  const go = (path: string) => {
    navigate(path);
    session.acknowledgeEnd();
  };
  return (
    <CardPage>
      <span className="emblem warm">
        <ClockIcon size={26} />
      </span>
      <div className="card-head" role="alert">
        <h1>{title}</h1>
        <p className="soft">
          {guest
            ? "With an account of your own you can stay as long as you like. Sign up with the same email address, and your messages and invitations stay yours."
            : gone
              ? "What you wrote in rooms stays there under your name."
              : message}
        </p>
      </div>
      <div className="form">
        <Action look="primary" onPress={() => go(guest || gone ? "/register" : "/login")}>
          {guest ? "Create an account" : gone ? "Sign up anew" : "Log in again"}
        </Action>
        <Action look="quiet" onPress={() => go("/")}>
          Go to the home page
        </Action>
      </div>
    </CardPage>
  );
}
