import { type ReactNode, useCallback, useEffect, useState } from "react";
import { FileTrigger, Radio, RadioGroup } from "react-aria-components";
import { type Background, PICTURE_NAMES } from "../../../call/effects/background";
import { PICTURES } from "../../../call/effects/background-image";
import {
  addOwnPicture,
  MAX_OWN_PICTURES,
  NotAPicture,
  type OwnPicture,
  ownPictures,
  removeOwnPicture,
  TooManyPictures,
} from "../../../call/effects/own-pictures";
import { canReplaceBackground } from "../../../call/effects/support";
import type { LocalMedia, MediaView } from "../../../call/media";
import { useStore } from "../../app/services";
import { Action } from "../../kit/button";
import { Modal } from "../../kit/modal";
import { Notice, Spinner } from "../../kit/notice";
import { useShownTexts } from "../../kit/texts";
import { type TranslateCall, useCallTexts } from "../texts";
import { Video } from "../video";
import { BlurIcon, NoBackgroundIcon } from "./effect-icons";
import { effectSentences, shareWords } from "./effect-words";
import { keepEffects } from "./kept-effects";
import "../../styles/effects.css";

const NOTHING = "none";

export function BackgroundDialog({ media, onClose }: { media: LocalMedia; onClose(): void }) {
  const t = useCallTexts();
  return (
    <Modal title={t("call.effects.background")} isOpen onClose={onClose}>
      <BackgroundChoice media={media} />
    </Modal>
  );
}

/** The choice of what is shown behind the person, beside their own picture, which shows it. */
function BackgroundChoice({ media }: { media: LocalMedia }) {
  const t = useCallTexts();
  const view = useStore(media.view);
  const { pictures, problem, add, remove } = useOwnPictures(t);
  if (!canReplaceBackground()) return <Notice>{t("call.effects.noBackground")}</Notice>;
  const { choice } = view.background;
  const choose = (background: Background | null) => {
    keepEffects({ background });
    media.setBackground(background);
  };
  const own = pictures.find(({ id }) => choice === `own:${id}`);
  const added = async (file: File) => {
    const picture = await add(file);
    if (picture) choose(`own:${picture.id}`);
  };
  const removed = async ({ id }: OwnPicture) => {
    choose(null);
    await remove(id);
  };
  return (
    <>
      <Look view={view} />
      <RadioGroup
        className="backgrounds"
        aria-label={t("call.effects.background")}
        value={choice ?? NOTHING}
        onChange={(value) => choose(value === NOTHING ? null : (value as Background))}
      >
        <Choice value={NOTHING} name={t("call.effects.none")} look={<NoBackgroundIcon />} />
        <Choice value="blur" name={t("call.effects.blur")} look={<BlurIcon />} />
        {PICTURE_NAMES.map((name) => (
          <Choice
            key={name}
            value={`picture:${name}`}
            name={t(`call.effects.${name}`)}
            look={<img src={PICTURES[name]} alt="" />}
          />
        ))}
        {pictures.map((picture, index) => (
          <Choice
            key={picture.id}
            value={`own:${picture.id}`}
            name={t("call.effects.own", { number: String(index + 1) })}
            look={<OwnLook blob={picture.blob} />}
          />
        ))}
      </RadioGroup>
      {problem && <Notice tone="warning">{problem}</Notice>}
      <div className="row">
        <FileTrigger
          acceptedFileTypes={["image/*"]}
          onSelect={(files) => {
            const file = files?.item(0);
            if (file) void added(file);
          }}
        >
          <Action isDisabled={pictures.length >= MAX_OWN_PICTURES}>{t("call.effects.add")}</Action>
        </FileTrigger>
        {own && (
          <Action look="quiet" onPress={() => void removed(own)}>
            {t("call.effects.remove")}
          </Action>
        )}
      </div>
      <p className="soft small">
        {pictures.length < MAX_OWN_PICTURES
          ? t("call.effects.kept")
          : t("call.effects.tooMany", { count: MAX_OWN_PICTURES })}
      </p>
    </>
  );
}

/** The own picture as the others see it, and what that costs. */
function Look({ view }: { view: MediaView }) {
  const t = useCallTexts();
  const { preview, camera, background } = view;
  const [problem] = effectSentences(t, { background, noise: { ...view.noise, state: "off" } });
  return (
    <>
      {preview ? (
        <div className="tile background-look">
          <Video stream={preview} muted mirrored label={t("call.lobby.camera")} />
        </div>
      ) : (
        !camera.pending && <p className="soft">{t("call.effects.cameraOff")}</p>
      )}
      {problem ? <Notice tone="warning">{problem}</Notice> : <Progress view={view} />}
    </>
  );
}

function Progress({ view: { background } }: { view: MediaView }) {
  const t = useCallTexts();
  const { language } = useShownTexts();
  const { state, cost } = background;
  if (state === "starting") return <Spinner label={t("call.effects.loading")} />;
  if (!cost) return null;
  const ms = new Intl.NumberFormat(language, { maximumFractionDigits: 0 }).format(cost.tookMs);
  return (
    <p className="soft small">
      {t("call.effects.cost", { ms, share: shareWords(language, cost) })}
    </p>
  );
}

function Choice({ value, name, look }: { value: string; name: string; look: ReactNode }) {
  return (
    <Radio value={value} className="background">
      <span className="background-picture" aria-hidden="true">
        {look}
      </span>
      <span>{name}</span>
    </Radio>
  );
}

function OwnLook({ blob }: { blob: Blob }) {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return <img src={address} alt="" />;
}

function useOwnPictures(t: TranslateCall) {
  const [pictures, setPictures] = useState<readonly OwnPicture[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const list = useCallback(
    () =>
      ownPictures()
        .then(setPictures)
        .catch((error: unknown) => console.warn("Own pictures", error)),
    [],
  );
  useEffect(() => void list(), [list]);
  const attempt = async <T,>(act: () => Promise<T>): Promise<T | null> => {
    setProblem(null);
    try {
      return await act();
    } catch (error) {
      console.warn("Own pictures", error);
      setProblem(problemWords(t, error));
      return null;
    } finally {
      await list();
    }
  };
  return {
    pictures,
    problem,
    add: (file: File) => attempt(() => addOwnPicture(file)),
    remove: (id: string) => attempt(() => removeOwnPicture(id)),
  };
}

function problemWords(t: TranslateCall, error: unknown): string {
  if (error instanceof NotAPicture) return t("call.effects.notAPicture");
  if (error instanceof TooManyPictures) {
    return t("call.effects.tooMany", { count: MAX_OWN_PICTURES });
  }
  return t("call.effects.notKept");
}
