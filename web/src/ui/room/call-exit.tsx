import type { Refused } from "../../texts/sentences";
import { CardPage, Shell } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import { AlertIcon, LeaveIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { useSentence } from "../kit/texts";
import type { RoomFacts } from "./admission";
import { RememberedRecordings } from "./recording/remembered-recordings";
import { CallRich, useCallTexts } from "./texts";

interface CallExitProps {
  room: RoomFacts;
  refusal: Refused | null;
  onAgain(): void;
}

export function CallExit({ room, refusal, onAgain }: CallExitProps) {
  const t = useCallTexts();
  const sentence = useSentence();
  return (
    <Shell>
      <CardPage>
        <span className={`emblem ${refusal ? "warm" : ""}`}>
          {refusal ? <AlertIcon size={26} /> : <LeaveIcon size={26} />}
        </span>
        <div className="card-head" role={refusal ? "alert" : "status"}>
          <h1>
            <CallRich
              text={refusal ? "call.entry.closed" : "call.exit.left"}
              room={<Isolated>{room.name}</Isolated>}
            />
          </h1>
          {refusal && <p className="soft">{sentence(refusal)}</p>}
        </div>
        <RememberedRecordings />
        <div className="form">
          <LinkAction href="/" look="primary">
            {t("call.lobby.back")}
          </LinkAction>
          <Action look="quiet" onPress={onAgain}>
            {refusal ? t("app.tryAgain") : t("call.exit.again")}
          </Action>
        </div>
      </CardPage>
    </Shell>
  );
}
