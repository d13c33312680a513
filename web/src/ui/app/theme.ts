import { Store } from "../../store";

export type Theme = "system" | "light" | "dark";

const KEY = "parlour.theme";

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

export const theme = new Store<Theme>(stored());

function apply(): void {
  const value = theme.get();
  if (value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
}

export function chooseTheme(value: Theme): void {
  theme.set(value);
  apply();
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // Without storage, the choice holds until the page is left.
  }
}

apply();
