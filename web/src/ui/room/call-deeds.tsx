import { type ReactElement, useMemo } from "react";
import type { Call } from "../../call/call";
import { IconAction } from "../kit/icon-action";
import { InviteIcon, LinkIcon, ListIcon, RecordIcon } from "../kit/icons";
import type { RoomFacts } from "./admission";
import type { Panel } from "./controls";
import { useIsRecording } from "./recording/use-is-recording";
import { copyRoomLink } from "./room-link";
import { useCallTexts } from "./texts";

/** What one does seldom in a call: a button of the bar, or where that is narrow, an item of the menu below. */
export interface CallDeed {
  readonly id: string;
  readonly label: string;
  readonly icon: ReactElement;
  /** Given by what opens and closes a panel. */
  readonly isOpen?: boolean;
  /** Whether what it began is under way. */
  readonly isRunning?: boolean;
  act(): void;
}

interface Given {
  call: Call;
  room: RoomFacts;
  panel: Panel | null;
  onPanel(panel: Panel | null): void;
  onDialog(dialog: "invite" | "attendance"): void;
}

/** The deeds that this person may do in the room. */
export function useCallDeeds({ call, room, panel, ...given }: Given): readonly CallDeed[] {
  const t = useCallTexts();
  const isRunning = useIsRecording(call);
  const { isCreator, isEvent, name, mustEncrypt } = room;
  const { onPanel, onDialog } = given;
  const isOpen = panel === "recording";
  return useMemo(() => {
    const deeds: (CallDeed | false)[] = [
      {
        id: "record",
        label: isRunning ? t("call.record.running") : t("call.record.title"),
        icon: <RecordIcon />,
        isOpen,
        isRunning,
        act: () => onPanel(isOpen ? null : "recording"),
      },
      isCreator &&
        isEvent && {
          id: "attendance",
          label: t("call.bar.attendance"),
          icon: <ListIcon />,
          act: () => onDialog("attendance"),
        },
      isCreator && {
        id: "invite",
        label: t("call.bar.invite"),
        icon: <InviteIcon />,
        act: () => onDialog("invite"),
      },
      {
        id: "link",
        label: t("call.bar.copyLink"),
        icon: <LinkIcon />,
        act: () => void copyRoomLink(t, { name, mustEncrypt }),
      },
    ];
    return deeds.filter((deed) => deed !== false);
  }, [t, isRunning, isOpen, isCreator, isEvent, name, mustEncrypt, onPanel, onDialog]);
}

export function DeedAction({ deed }: { deed: CallDeed }) {
  return (
    <IconAction
      label={deed.label}
      icon={deed.icon}
      className={deed.isRunning ? "recording" : ""}
      {...(deed.isOpen !== undefined && { "aria-expanded": deed.isOpen })}
      onPress={deed.act}
    />
  );
}
