import { MenuItem, Separator } from "react-aria-components";
import { useLocation } from "wouter";
import type { Identity } from "../../session";
import { Isolated } from "../kit/isolated";
import { shownName } from "../kit/person-name";
import { ShownMenu } from "../kit/shown-menu";
import { useTexts } from "../kit/texts";
import type { Popup } from "../kit/use-popup";
import { useServices } from "./services";

export function AccountItems({ identity, ...menu }: Popup & { identity: Identity }) {
  const { session } = useServices();
  const [, navigate] = useLocation();
  const t = useTexts();
  const logOut = () => {
    navigate("/");
    void session.logOut();
  };
  const head = (
    <>
      <div className="menu-account">
        <strong>
          <Isolated>{shownName(t, identity)}</Isolated>
        </strong>
        <div className="soft small">{identity.email}</div>
      </div>
      <Separator className="menu-line" />
    </>
  );
  return (
    <ShownMenu {...menu} label={t("app.account")} placement="bottom end" head={head}>
      <MenuItem className="menu-item" href="/profile">
        {t("app.profile")}
      </MenuItem>
      <MenuItem className="menu-item" href="/check">
        {t("app.checkConnection")}
      </MenuItem>
      <MenuItem className="menu-item" onAction={logOut}>
        {t("app.logOut")}
      </MenuItem>
    </ShownMenu>
  );
}
