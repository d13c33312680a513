import { withoutDirectionControls } from "../../names";
import type { Identity } from "../../session";
import type { Refused } from "../../texts/sentences";
import { Loaded } from "../app/loaded";
import { useIdentity, useTitle } from "../app/services";
import { CardPage, Shell } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import { LockIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { ProblemNotice, Spinner } from "../kit/notice";
import { useSentence } from "../kit/texts";
import { TroubleHead } from "../kit/trouble-head";
import { useAdmission } from "./admission";
import { PASSWORD_GATE } from "./call-chunks";
import { LobbyAndCall } from "./lobby-and-call";
import { CallRich, useCallTexts } from "./texts";

export function RoomPage({ name }: { name: string }) {
  useTitle(withoutDirectionControls(name));
  const identity = useIdentity();
  return identity && <Entrance name={name} identity={identity} />;
}

function Entrance({ name, identity }: { name: string; identity: Identity }) {
  const t = useCallTexts();
  const { admission, admit, check } = useAdmission(name, identity);
  switch (admission.kind) {
    case "checking":
      return (
        <Shell>
          <CardPage>
            <h1>
              <Isolated>{name}</Isolated>
            </h1>
            <Spinner label={t("call.entry.finding")} />
          </CardPage>
        </Shell>
      );
    case "problem":
      return (
        <Shell>
          <CardPage>
            <h1>
              <Isolated>{name}</Isolated>
            </h1>
            <ProblemNotice problem={admission.problem} />
            <Action onPress={check}>{t("app.tryAgain")}</Action>
          </CardPage>
        </Shell>
      );
    case "closed":
      return (
        <Shell>
          <ClosedRoom name={name} reason={admission.reason} />
        </Shell>
      );
    case "password":
      return (
        <Shell>
          <Loaded chunk={PASSWORD_GATE}>
            {(PasswordGate) => (
              <PasswordGate room={admission.room} onAdmitted={() => admit(admission.room)} />
            )}
          </Loaded>
        </Shell>
      );
    case "admitted":
      return <LobbyAndCall room={admission.room} identity={identity} />;
  }
}

function ClosedRoom({ name, reason }: { name: string; reason: Refused | null }) {
  const t = useCallTexts();
  const sentence = useSentence();
  return (
    <CardPage>
      <TroubleHead
        icon={<LockIcon size={26} />}
        title={<CallRich text="call.entry.closed" room={<Isolated>{name}</Isolated>} />}
        role="alert"
      >
        {reason ? sentence(reason) : t("call.entry.closedText")}
      </TroubleHead>
      <LinkAction href="/" look="primary">
        {t("app.seeRooms")}
      </LinkAction>
    </CardPage>
  );
}
