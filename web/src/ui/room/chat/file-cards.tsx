import { type FileCard, type Files, isShown } from "../../../call/files/files";
import { useStore } from "../../app/services";
import { Action } from "../../kit/button";
import { IconAction } from "../../kit/icon-action";
import { CloseIcon } from "../../kit/icons";
import { PersonName } from "../../kit/person-name";
import { useCallTexts } from "../texts";
import { megabytes } from "./file-size";

const STATES = {
  offered: "call.files.offered",
  moving: "call.files.moving",
  checking: "call.files.checking",
  done: "call.files.done",
  damaged: "call.files.damaged",
  cancelled: "call.files.cancelled",
  lost: "call.files.lost",
} as const;

/** The files of this call. Those who come later do not get them. */
export function FileCards({ files }: { files: Files }) {
  const t = useCallTexts();
  const cards = useStore(files.cards);
  if (cards.length === 0) return null;
  return (
    <section className="file-cards" aria-label={t("call.files.title")}>
      <p className="soft file-hint">{t("call.files.hint")}</p>
      <ul>
        {cards.map((card) => (
          <li key={card.key} className="file-card">
            <Card card={card} files={files} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Card({ card, files }: { card: FileCard; files: Files }) {
  const t = useCallTexts();
  const { facts, from, state, progress, url } = card;
  const isMoving = state === "moving" || state === "checking";
  const isOpen = isMoving || state === "offered";
  return (
    <>
      {url && isShown(facts) && (
        <img
          className="file-picture"
          src={url}
          alt={t("call.files.picture", { name: facts.name })}
        />
      )}
      <div className="file-line">
        <span className="grow">
          <strong className="file-name" dir="auto">
            {facts.name}
          </strong>
          <span className="soft file-facts">
            <span>{from ? <PersonName {...from} /> : <span>{t("call.chat.you")}</span>}</span>
            <span>{t("call.files.size", { size: megabytes(facts.size) })}</span>
            <span role="status">{stateText(t, card)}</span>
          </span>
        </span>
        {from && state === "offered" && (
          <Action look="primary" className="compact" onPress={() => files.accept(card.key)}>
            {t("call.files.accept")}
          </Action>
        )}
        {from && url && (
          <a className="button secondary compact" href={url} download={facts.name}>
            {t("call.files.save")}
          </a>
        )}
        {isOpen && (
          <IconAction
            className="compact"
            label={from && state === "offered" ? t("call.files.decline") : t("call.files.cancel")}
            icon={<CloseIcon size={16} />}
            onPress={() => files.cancel(card.key)}
          />
        )}
      </div>
      {isMoving && (
        <progress value={progress} aria-label={t("call.files.progress", { name: facts.name })} />
      )}
    </>
  );
}

function stateText(t: ReturnType<typeof useCallTexts>, card: FileCard): string {
  const { from, state, reached, people } = card;
  if (from === null && state !== "cancelled" && state !== "lost" && state !== "damaged") {
    return t("call.files.reached", { reached, people });
  }
  return t(STATES[state]);
}
