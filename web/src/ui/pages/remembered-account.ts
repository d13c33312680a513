/** Remembers the name of an account created in this browser, to prefill the login. */
const KEY = "parlour.account";

export function rememberAccount(name: string): void {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // Without storage, the name is typed again.
  }
}

export function rememberedAccount(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}
