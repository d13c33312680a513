import { CardPage, Shell } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import { AlertIcon, LeaveIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import type { RoomFacts } from "./admission";

interface CallExitProps {
  room: RoomFacts;
  refusal: string | null;
  onAgain(): void;
}

export function CallExit({ room, refusal, onAgain }: CallExitProps) {
  return (
    <Shell>
      <CardPage>
        <span className={`emblem ${refusal ? "warm" : ""}`}>
          {refusal ? <AlertIcon size={26} /> : <LeaveIcon size={26} />}
        </span>
        <div className="card-head" role={refusal ? "alert" : "status"}>
          <h1>
            <span>{refusal ? "You can’t enter" : "You left"}</span> “
            <Isolated>{room.name}</Isolated>”
          </h1>
          {refusal && <p className="soft">{refusal}</p>}
        </div>
        <div className="form">
          <LinkAction href="/" look="primary">
            Back to the rooms
          </LinkAction>
          <Action look="quiet" onPress={onAgain}>
            {refusal ? "Try again" : "Enter again"}
          </Action>
        </div>
      </CardPage>
    </Shell>
  );
}
