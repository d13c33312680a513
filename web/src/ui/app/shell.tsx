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
import { GuestTimer } from "./guest-timer";
import { useIdentity, useServices } from "./services";

export function Shell({ children }: { children: ReactElement }) {
  const identity = useIdentity();
  return (
    <>
      <header className="topbar">
        <AriaLink href="/" className="brand" aria-label="Parlour, home">
          <Logo />
          Parlour
        </AriaLink>
        <GuestTimer />
        {identity ? <AccountMenu identity={identity} /> : <LoginLinks />}
      </header>
      {children}
    </>
  );
}

function LoginLinks() {
  const [path] = useLocation();
  return (
    <nav className="row" aria-label="Account">
      {path !== "/login" && (
        <LinkAction href="/login" look="quiet">
          Log in
        </LinkAction>
      )}
      {path !== "/register" && (
        <LinkAction href="/register" look="primary" className="compact">
          Sign up
        </LinkAction>
      )}
    </nav>
  );
}

function AccountMenu({ identity }: { identity: Identity }) {
  const { session } = useServices();
  const [, navigate] = useLocation();
  const name = shownName(identity);
  const logOut = () => {
    navigate("/");
    void session.logOut();
  };
  return (
    <MenuTrigger>
      <Button className="account-button" aria-label={`Account: ${name}`}>
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
        <Menu className="menu" aria-label="Account">
          <MenuItem className="menu-item" href="/profile">
            Profile
          </MenuItem>
          <MenuItem className="menu-item" onAction={logOut}>
            Log out
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
