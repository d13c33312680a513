import type { ReactElement, ReactNode } from "react";
import {
  Link as AriaLink,
  Button,
  Menu,
  MenuItem,
  MenuTrigger,
  Popover,
  Separator,
} from "react-aria-components";
import { useLocation } from "wouter";
import type { Identity } from "../../session";
import { Avatar } from "../kit/avatar";
import { LinkAction } from "../kit/button";
import { Logo } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { shownName } from "../kit/person-name";
import { useTexts } from "../kit/texts";
import { GuestTimer } from "./guest-timer";
import { LanguageMenu } from "./language-menu";
import { useIdentity, useServices } from "./services";

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

function AccountMenu({ identity }: { identity: Identity }) {
  const { session } = useServices();
  const [, navigate] = useLocation();
  const t = useTexts();
  const name = shownName(t, identity);
  const logOut = () => {
    navigate("/");
    void session.logOut();
  };
  return (
    <MenuTrigger>
      <Button className="account-button" aria-label={t("app.accountOf", { name })}>
        <Avatar name={name} size={34} />
        <span className="name">
          <Isolated>{name}</Isolated>
        </span>
      </Button>
      <Popover className="popover" placement="bottom end">
        <div className="menu-account">
          <strong>
            <Isolated>{name}</Isolated>
          </strong>
          <div className="soft small">{identity.email}</div>
        </div>
        <Separator className="menu-line" />
        <Menu className="menu" aria-label={t("app.account")}>
          <MenuItem className="menu-item" href="/profile">
            {t("app.profile")}
          </MenuItem>
          <MenuItem className="menu-item" onAction={logOut}>
            {t("app.logOut")}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

export function CardPage(props: { children: ReactNode; roomy?: boolean }) {
  return (
    <main className="narrow">
      <section className={`card ${props.roomy ? "roomy" : ""}`}>{props.children}</section>
    </main>
  );
}
