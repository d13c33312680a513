const FLAG = "parlour.recordings";

/** Whether this browser may keep recordings that are not saved yet: else no page looks for them. */
export function mayHaveRecordings(): boolean {
  try {
    return localStorage.getItem(FLAG) !== null;
  } catch {
    return false;
  }
}

export function rememberRecordings(hasRecordings: boolean): void {
  try {
    if (hasRecordings) localStorage.setItem(FLAG, "1");
    else localStorage.removeItem(FLAG);
  } catch {
    // Without storage, they are only offered in the room.
  }
}
