/**
 * Reads lists of addresses as mail programs write them: `Ann <ann@example.org>; "Doe, Bob" <bob@example.org>`.
 * The server reads them the same way (wire/address_lists.py, which says why); tests/unit/wire/address_lists.json
 * holds the cases that both must pass.
 */

export interface AddressEntry {
  /** The entry as written in the list. */
  readonly text: string;
  /** The part that should be an address; it may not be a valid one. */
  readonly address: string;
}

const PIECE =
  /"(?:[^"\\]|\\.){0,100}"|\([^()]{0,300}\)|<[^<>]{0,320}>|\[mailto:[^[\]]{0,320}\]|[,;\r\n\t，；、]|:\/|:|[^"(<[,;\r\n\t，；、:]+|./gis;
const MAIL_HEADER = /[\r\n][ \t]{0,9}(?:bcc|cc|from|reply-to|sender|subject|to)[ \t]{0,9}:/i;

const AT_THE_ENDS =
  /^[\s\p{Default_Ignorable_Code_Point}]+|[\s\p{Default_Ignorable_Code_Point}]+$/gu;

export function addressEntries(text: string): AddressEntry[] {
  if (MAIL_HEADER.test(text)) return [{ text, address: text }];
  const reader = new Reader();
  for (const [piece] of text.matchAll(PIECE)) reader.take(piece);
  return reader.finish();
}

class Reader {
  #entries: AddressEntry[] = [];
  /** The entry so far, as written. */
  #raw = "";
  /** The entry so far, without comments and the name of a group. */
  #bare = "";
  /** Indexes of entries that end with a comma and hold no `@`: each may be the first part of a name. */
  readonly #commas = new Set<number>();
  #semicolons = false;
  #groups = false;

  take(piece: string): void {
    if (/^[,;\r\n\t，；、]$/.test(piece)) this.#separate(piece);
    else if (piece === ":" && !this.#bare.includes("@")) {
      this.#groups ||= this.#bare.trim().toLowerCase() !== "mailto";
      this.#restart();
    } else if (/^<.*>$|^\[.+\]$/s.test(piece)) {
      this.#add((this.#raw + piece).trim(), piece.slice(1, -1));
      this.#restart();
    } else {
      this.#raw += piece;
      if (!/^\(.*\)$/s.test(piece)) this.#bare += piece;
    }
  }

  finish(): AddressEntry[] {
    this.#close();
    if (!this.#semicolons || this.#groups) return this.#entries;
    return this.#entries.filter((_, index) => !this.#beginsName(index));
  }

  #separate(separator: string): void {
    this.#semicolons ||= /[;；]/.test(separator);
    this.#close();
    const last = this.#entries.at(-1);
    if (/[,，、]/.test(separator) && last && !last.text.includes("@")) {
      this.#commas.add(this.#entries.length - 1);
    }
  }

  #close(): void {
    const bare = this.#bare.replace(AT_THE_ENDS, "");
    const words = bare.split(/\s+/);
    if (words.length > 1 && words.every((word) => word.split("@").length === 2)) {
      for (const word of words) this.#add(word, word);
    } else if (bare) {
      this.#add(this.#raw.trim(), bare);
    }
    this.#restart();
  }

  #restart(): void {
    this.#raw = "";
    this.#bare = "";
  }

  #add(text: string, address: string): void {
    const plain = address.replace(AT_THE_ENDS, "").replace(/^mailto:/i, "");
    const bare = plain.replace(/^(['"])(.*)\1$/s, "$2").replace(/\.+$/, "");
    this.#entries.push({ text, address: bare });
  }

  #beginsName(index: number): boolean {
    const following = this.#entries[index + 1];
    return this.#commas.has(index) && /^[^<].*>$/s.test(following?.text ?? "");
  }
}
