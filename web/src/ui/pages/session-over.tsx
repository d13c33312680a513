import { useEffect } from "react";
import { useLocation } from "wouter";
import { useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action } from "../kit/button";
import { ClockIcon, PersonIcon } from "../kit/icons";

export function SessionOverPage({ code, message }: { code: string; message: string }) {
  return code === "other_account" ? (
    <OtherAccount message={message} />
  ) : (
    <Over code={code} message={message} />
  );
}

/** The code for a login of another person in another tab: all tabs share one cookie. */
function OtherAccount({ message }: { message: string }) {
  const { session } = useServices();
  const [, navigate] = useLocation();
  useTitle("Someone else has logged in");
  // The page that this tab showed was for another person.
  useEffect(() => navigate("/", { replace: true }), [navigate]);
  const logIn = () => {
    navigate("/login");
    session.acknowledgeEnd();
  };
  return (
    <CardPage>
      <span className="emblem warm">
        <PersonIcon size={26} />
      </span>
      <div className="card-head" role="alert">
        <h1>Someone else has logged in</h1>
        <p className="soft">
          {`${message} A browser can only be logged in to one account at a time. To use two accounts at once, open a private window or another browser.`}
        </p>
      </div>
      <div className="form">
        <Action look="primary" onPress={() => void session.goOnAsOther()}>
          Continue with that account
        </Action>
        <Action look="quiet" onPress={logIn}>
          Log in again
        </Action>
      </div>
    </CardPage>
  );
}

function Over({ code, message }: { code: string; message: string }) {
  const { session } = useServices();
  const [, navigate] = useLocation();
  const guest = code === "guest_expired";
  const gone = code === "account_deleted";
  const title = guest
    ? "Your time as a guest is over"
    : gone
      ? "Your account has been deleted"
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
            ? "With an account of your own you can stay as long as you like. Sign up with the same email address to keep your messages and invitations."
            : gone
              ? "Your chat messages are kept under your name."
              : message}
        </p>
      </div>
      <div className="form">
        <Action look="primary" onPress={() => go(guest || gone ? "/register" : "/login")}>
          {guest ? "Create an account" : gone ? "Sign up again" : "Log in again"}
        </Action>
        <Action look="quiet" onPress={() => go("/")}>
          Go to the home page
        </Action>
      </div>
    </CardPage>
  );
}
