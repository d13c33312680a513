/** The name of the account that was just made here, so that the login can begin with it. */
const KEY = "parlour.account";

export function rememberAccount(name: string): void {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // Then it is typed once more.
  }
}

export function rememberedAccount(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}
