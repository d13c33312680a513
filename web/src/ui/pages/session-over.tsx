import { useEffect } from "react";
import { useLocation } from "wouter";
import type { Refused } from "../../texts/sentences";
import { useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action } from "../kit/button";
import { ClockIcon, PersonIcon } from "../kit/icons";
import { useSentence, useTexts } from "../kit/texts";
import { TroubleHead } from "../kit/trouble-head";

export function SessionOverPage({ end }: { end: Refused }) {
  return end.code === "other_account" ? <OtherAccount end={end} /> : <Over end={end} />;
}

/** The code for a login of another person in another tab: all tabs share one cookie. */
function OtherAccount({ end }: { end: Refused }) {
  const t = useTexts();
  const sentence = useSentence();
  const { session } = useServices();
  const [, navigate] = useLocation();
  useTitle(t("over.otherTitle"));
  // The page that this tab showed was for another person.
  useEffect(() => navigate("/", { replace: true }), [navigate]);
  const logIn = () => {
    navigate("/login");
    session.acknowledgeEnd();
  };
  return (
    <CardPage>
      <TroubleHead icon={<PersonIcon size={26} />} title={t("over.otherTitle")} role="alert">
        {t("over.otherText", { problem: sentence(end) })}
      </TroubleHead>
      <div className="form">
        <Action look="primary" onPress={() => void session.goOnAsOther()}>
          {t("over.goOn")}
        </Action>
        <Action look="quiet" onPress={logIn}>
          {t("app.logInAgain")}
        </Action>
      </div>
    </CardPage>
  );
}

function Over({ end }: { end: Refused }) {
  const t = useTexts();
  const sentence = useSentence();
  const { session } = useServices();
  const [, navigate] = useLocation();
  const guest = end.code === "guest_expired";
  const gone = end.code === "account_deleted";
  const title = guest ? t("over.guest") : gone ? t("over.deleted") : t("over.loggedOut");
  useTitle(title);
  const go = (path: string) => {
    navigate(path);
    session.acknowledgeEnd();
  };
  return (
    <CardPage>
      <TroubleHead icon={<ClockIcon size={26} />} title={title} role="alert">
        {guest ? t("over.guestText") : gone ? t("over.deletedText") : sentence(end)}
      </TroubleHead>
      <div className="form">
        <Action look="primary" onPress={() => go(guest || gone ? "/register" : "/login")}>
          {guest ? t("app.createAccount") : gone ? t("over.signUpAgain") : t("app.logInAgain")}
        </Action>
        <Action look="quiet" onPress={() => go("/")}>
          {t("app.goHome")}
        </Action>
      </div>
    </CardPage>
  );
}
