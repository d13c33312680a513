import { useState } from "react";
import {
  Checkbox as AriaCheckbox,
  Switch as AriaSwitch,
  Button,
  FieldError,
  Input,
  Label,
  Radio,
  RadioGroup,
  Text,
  TextArea,
  TextField,
} from "react-aria-components";
import { keepComposition } from "./composition";
import { CheckIcon, EyeIcon, EyeOffIcon } from "./icons";
import { useTexts } from "./texts";

export interface FieldProps {
  label: string;
  name: string;
  value: string;
  onChange(value: string): void;
  onBlur?(): void;
  error?: string | null;
  hint?: string;
  type?: "text" | "email" | "password" | "datetime-local";
  inputMode?: "numeric";
  autoComplete?: string;
  autoFocus?: boolean;
  multiline?: boolean;
  placeholder?: string;
  isRequired?: boolean;
}

export function Field(props: FieldProps) {
  const { label, hint, error, type = "text", multiline, placeholder, ...field } = props;
  const [shown, setShown] = useState(false);
  const isPassword = type === "password";
  return (
    <TextField
      {...field}
      className="field"
      type={isPassword && shown ? "text" : type}
      isInvalid={Boolean(error)}
      validationBehavior="aria"
    >
      <Label>{label}</Label>
      <div className="field-box">
        {multiline ? (
          <TextArea placeholder={placeholder} rows={3} />
        ) : (
          <Input
            placeholder={placeholder}
            className={isPassword ? "with-end" : ""}
            autoCapitalize="off"
            spellCheck={false}
            onKeyDown={keepComposition}
          />
        )}
        {isPassword && <Reveal shown={shown} onChange={setShown} />}
      </div>
      {hint && !error && (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
    </TextField>
  );
}

function Reveal({ shown, onChange }: { shown: boolean; onChange(shown: boolean): void }) {
  const t = useTexts();
  return (
    <Button
      className="field-end"
      aria-label={shown ? t("field.hidePassword") : t("field.showPassword")}
      onPress={() => onChange(!shown)}
    >
      {shown ? <EyeOffIcon /> : <EyeIcon />}
    </Button>
  );
}

interface ToggleProps {
  label: string;
  hint?: string;
  isSelected: boolean;
  onChange(selected: boolean): void;
  isDisabled?: boolean;
}

export function Switch({ label, hint, ...props }: ToggleProps) {
  return (
    <AriaSwitch {...props} className="switch">
      <span className="switch-track" aria-hidden="true" />
      <OptionText label={label} hint={hint} />
    </AriaSwitch>
  );
}

export function Checkbox({ label, hint, ...props }: ToggleProps) {
  return (
    <AriaCheckbox {...props} className="checkbox">
      <span className="checkbox-box" aria-hidden="true">
        <CheckIcon size={16} />
      </span>
      <OptionText label={label} hint={hint} />
    </AriaCheckbox>
  );
}

interface OptionsProps<T extends string> {
  label: string;
  /** Of all options together. */
  hint?: string;
  value: T;
  onChange(value: T): void;
  options: readonly Option<T>[];
}

export interface Option<T extends string> {
  value: T;
  label: string;
  hint?: string;
  isDisabled?: boolean;
}

/** One of a few, each with what it means. */
export function Options<T extends string>(props: OptionsProps<T>) {
  const { label, hint, value, onChange, options } = props;
  return (
    <RadioGroup className="options" value={value} onChange={(chosen) => onChange(chosen as T)}>
      <Label className="field-label">{label}</Label>
      {hint && (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      )}
      {options.map((option) => (
        <Radio
          key={option.value}
          value={option.value}
          isDisabled={option.isDisabled ?? false}
          className="radio"
        >
          <span className="radio-dot" aria-hidden="true" />
          <OptionText label={option.label} hint={option.hint} />
        </Radio>
      ))}
    </RadioGroup>
  );
}

function OptionText({ label, hint }: { label: string; hint: string | undefined }) {
  return (
    <span className="option-text">
      <span>{label}</span>
      {hint && <span className="soft small">{hint}</span>}
    </span>
  );
}
