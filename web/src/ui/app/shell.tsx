import type { ReactElement, ReactNode } from "react";
import { Link as AriaLink } from "react-aria-components";
import { useLocation } from "wouter";
import { Chunk } from "../../chunk";
import type { Identity } from "../../session";
import { Avatar } from "../kit/avatar";
import { LinkAction } from "../kit/button";
import { Logo } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { MenuButton } from "../kit/menu-button";
import { shownName } from "../kit/person-name";
import { useTexts } from "../kit/texts";
import { GuestTimer } from "./guest-timer";
import { LanguageMenu } from "./language-menu";
import { useIdentity } from "./services";

export function Shell({ children }: { children: ReactElement }) {
  const t = useTexts();
  const identity = useIdentity();
  return (
    <>
      <header className="topbar">
        <AriaLink href="/" className="brand" aria-label={t("app.homeLink")}>
          <Logo />
          <span className="brand-name">Parlour</span>
        </AriaLink>
        <GuestTimer />
        {identity ? <AccountMenu identity={identity} /> : <LoginLinks />}
      </header>
      {children}
      <footer className="page-foot">
        <LanguageMenu />
      </footer>
    </>
  );
}

function LoginLinks() {
  const t = useTexts();
  const [path] = useLocation();
  return (
    <nav className="row" aria-label={t("app.account")}>
      {path !== "/login" && (
        <LinkAction href="/login" look="quiet">
          {t("app.logIn")}
        </LinkAction>
      )}
      {path !== "/register" && (
        <LinkAction href="/register" look="primary" className="compact">
          {t("app.signUp")}
        </LinkAction>
      )}
    </nav>
  );
}

const ACCOUNT_ITEMS = new Chunk(() =>
  import("./account-items").then((items) => items.AccountItems),
);

function AccountMenu({ identity }: { identity: Identity }) {
  const t = useTexts();
  const name = shownName(t, identity);
  return (
    <MenuButton
      label={t("app.accountOf", { name })}
      className="account-button"
      menu={ACCOUNT_ITEMS}
      values={{ identity }}
    >
      <Avatar name={name} size={34} />
      <span className="name">
        <Isolated>{name}</Isolated>
      </span>
    </MenuButton>
  );
}

export function CardPage(props: { children: ReactNode; roomy?: boolean }) {
  return (
    <main className="narrow">
      <section className={`card ${props.roomy ? "roomy" : ""}`}>{props.children}</section>
    </main>
  );
}
