import { useState } from "react";
import {
  Button,
  Header,
  Menu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
  Separator,
} from "react-aria-components";
import { Action, CloseAction } from "../src/ui/kit/button";
import { Field } from "../src/ui/kit/field";
import { CheckIcon, KeyboardIcon, MoreIcon, SettingsIcon } from "../src/ui/kit/icons";
import { KeyCap } from "../src/ui/kit/keys";
import { Modal } from "../src/ui/kit/modal";
import { toast } from "../src/ui/kit/toast";
import { Section, State, States } from "./parts";

export function Overlays() {
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState("Kitchen");
  return (
    <Section title="Dialogs, menus, toasts">
      <States>
        <State name="dialog">
          <Action onPress={() => setOpen(true)}>Open a dialog</Action>
          <Modal title="Rename the room" isOpen={isOpen} onClose={() => setOpen(false)}>
            <form className="form">
              <Field label="Name" name="name" value={name} onChange={setName} />
              <Action look="primary" onPress={() => setOpen(false)}>
                Rename
              </Action>
            </form>
          </Modal>
        </State>
        <State name="menu">
          <MenuTrigger>
            <Button className="control" aria-label="More options">
              <MoreIcon />
            </Button>
            <Popover className="popover">
              <KitMenu />
            </Popover>
          </MenuTrigger>
        </State>
        <State name="menu that is open">
          <div className="popover shown">
            <KitMenu />
          </div>
        </State>
        <State name="toast">
          <Action onPress={() => toast("Link copied")}>Show a toast</Action>
        </State>
        <State name="toast that is shown">
          <div className="toast shown">
            <span>Link copied</span>
            <CloseAction label="Dismiss" />
          </div>
        </State>
        <State name="tooltip">
          <div className="tooltip">
            <span>Turn microphone off</span>
            <KeyCap keys={{ aria: "M", label: "M" }} />
          </div>
        </State>
      </States>
    </Section>
  );
}

function KitMenu() {
  return (
    <Menu className="menu" aria-label="Options">
      <MenuItem className="menu-item" textValue="Settings">
        <SettingsIcon />
        <span>Settings</span>
      </MenuItem>
      <MenuItem className="menu-item" textValue="Shortcuts">
        <KeyboardIcon />
        <span>Shortcuts</span>
        <KeyCap keys={{ aria: "?", label: "?" }} />
      </MenuItem>
      <Separator className="menu-line" />
      <MenuSection selectionMode="single" defaultSelectedKeys={["grid"]} disallowEmptySelection>
        <Header className="menu-head">View</Header>
        {["grid", "speaker"].map((id) => (
          <MenuItem key={id} id={id} className="menu-item" textValue={id}>
            {({ isSelected }) => (
              <>
                <span className="mark">{isSelected && <CheckIcon />}</span>
                <span className="menu-words">
                  <span>{id}</span>
                  <span className="soft">All in the same size</span>
                </span>
              </>
            )}
          </MenuItem>
        ))}
      </MenuSection>
      <Separator className="menu-line" />
      <MenuItem className="menu-item danger" textValue="Delete">
        Delete
      </MenuItem>
    </Menu>
  );
}
