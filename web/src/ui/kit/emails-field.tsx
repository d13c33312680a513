import { useId } from "react";
import { Button, Input, Label, Text, TextField } from "react-aria-components";
import { splitEmails } from "../../rules";
import { isComposing, keepComposition } from "./composition";
import { CloseIcon } from "./icons";
import { Isolated } from "./isolated";
import { useTexts } from "./texts";

interface EmailsFieldProps {
  label: string;
  emails: readonly string[];
  onChange(emails: string[]): void;
  typed: string;
  onType(text: string): void;
}

/** Joins the accepted addresses and the text in the field, invalid ones included: the server names those. */
export function takeTyped(emails: readonly string[], typed: string): string[] {
  const { emails: more, others } = splitEmails(typed);
  return [...new Set([...emails, ...more, ...others])];
}

export function EmailsField({ label, emails, onChange, typed, onType }: EmailsFieldProps) {
  const t = useTexts();
  const listId = useId();
  const take = (text: string) => {
    const { emails: more, others } = splitEmails(text);
    onChange([...new Set([...emails, ...more])]);
    onType(others.join(", "));
  };
  /** Takes addresses at a separator, but only where all text before it is addresses: names hold separators, too. */
  const type = (text: string) => {
    const ended = /[\s,;]$/.test(text) && splitEmails(text);
    if (ended && ended.emails.length > 0 && ended.others.length === 0) take(text);
    else onType(text);
  };
  return (
    <TextField
      className="field"
      value={typed}
      onChange={type}
      onKeyDown={(event) => {
        if (isComposing(event)) keepComposition(event);
        else if (event.key === "Enter" && typed.trim()) {
          event.preventDefault();
          take(typed);
        } else if (event.key === "Backspace" && typed === "") {
          onChange(emails.slice(0, -1));
        }
      }}
    >
      <Label>{label}</Label>
      <Input
        placeholder="ann@example.org, bob@example.org"
        inputMode="email"
        dir="ltr"
        autoCapitalize="off"
        aria-controls={listId}
        onPaste={(event) => {
          const text = event.clipboardData.getData("text");
          if (!/[\s,;]/.test(text.trim())) return;
          event.preventDefault();
          take(typed.trim() ? `${typed}, ${text}` : text);
        }}
      />
      <Text slot="description" className="field-hint">
        {t("addresses.hint")}
      </Text>
      <ul className="chips" id={listId} aria-label={t("addresses.list")}>
        {emails.map((email) => (
          <li className="chip" key={email}>
            <span>
              <Isolated>{email}</Isolated>
            </span>
            <Button
              className="chip-remove"
              aria-label={t("addresses.remove", { email })}
              onPress={() => onChange(emails.filter((other) => other !== email))}
            >
              <CloseIcon size={14} />
            </Button>
          </li>
        ))}
      </ul>
    </TextField>
  );
}
