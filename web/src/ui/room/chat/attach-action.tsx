import { type RefObject, useCallback, useEffect } from "react";
import { Button, FileTrigger } from "react-aria-components";
import type { FileProblem, Files } from "../../../call/files/files";
import { AttachIcon } from "../../kit/icons";
import { toast } from "../../kit/toast";
import { useCallTexts } from "../texts";

const PROBLEMS = {
  tooLarge: "call.files.tooLarge",
  empty: "call.files.empty",
  tooMany: "call.files.tooMany",
  nobody: "call.files.nobody",
  largeCall: "call.files.largeCall",
  unreadable: "call.files.unreadable",
} as const satisfies Record<FileProblem, string>;

interface AttachActionProps {
  files: Files;
  /** Files that are pasted here or dropped on its panel are offered, too. */
  field: RefObject<HTMLTextAreaElement | null>;
}

/** Offers files to everyone who is in the call now. */
export function AttachAction({ files, field }: AttachActionProps) {
  const t = useCallTexts();
  const offer = useCallback(
    async (offered: Iterable<File>) => {
      for (const file of offered) {
        const problem = await files.offer(file);
        if (problem) toast(t(PROBLEMS[problem]));
      }
    },
    [files, t],
  );
  useEffect(() => {
    const panel = field.current?.closest(".panel");
    const onPaste = (event: Event) => {
      const pasted = (event as ClipboardEvent).clipboardData?.files;
      if (!pasted?.length) return;
      event.preventDefault();
      void offer([...pasted]);
    };
    const onOver = (event: Event) => event.preventDefault();
    const onDrop = (event: Event) => {
      event.preventDefault();
      void offer([...((event as DragEvent).dataTransfer?.files ?? [])]);
    };
    panel?.addEventListener("paste", onPaste);
    panel?.addEventListener("dragover", onOver);
    panel?.addEventListener("drop", onDrop);
    return () => {
      panel?.removeEventListener("paste", onPaste);
      panel?.removeEventListener("dragover", onOver);
      panel?.removeEventListener("drop", onDrop);
    };
  }, [offer, field]);
  return (
    <FileTrigger allowsMultiple onSelect={(list) => void offer([...(list ?? [])])}>
      <Button className="button quiet icon-only" aria-label={t("call.files.attach")}>
        <AttachIcon />
      </Button>
    </FileTrigger>
  );
}
