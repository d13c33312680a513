/**
 * Makes a code from the fingerprints of both ends: those of their DTLS certificates (RFC 8122), and of their member
 * keys. Two people who read the same code to each other know that there is no man in the middle: docs/security.md says
 * why.
 */

export interface CodeSymbol {
  readonly emoji: string;
  readonly word: string;
}

export type SecurityCode = readonly CodeSymbol[];

const LENGTH = 10;
/**
 * A man in the middle tries keys until two codes agree, about 2^30 tries for 60 bits. PBKDF2 makes each try cost
 * this many times two hashes.
 */
const ROUNDS = 200_000;
const SALT = new TextEncoder().encode("parlour security code 1");

const SYMBOLS: SecurityCode = (
  "🐶 dog,🐱 cat,🦁 lion,🐴 horse,🦄 unicorn,🐷 pig,🐘 elephant,🐰 rabbit," +
  "🐼 panda,🐓 rooster,🐧 penguin,🐢 turtle,🐟 fish,🐙 octopus,🦋 butterfly,🌷 flower," +
  "🌳 tree,🌵 cactus,🍄 mushroom,🌏 globe,🌙 moon,☁️ cloud,🔥 fire,🍌 banana," +
  "🍎 apple,🍓 strawberry,🌽 corn,🍕 pizza,🎂 cake,❤️ heart,😀 smiley,🤖 robot," +
  "🎩 hat,👓 glasses,🔧 spanner,🎅 santa,👍 thumb,☂️ umbrella,⌛ hourglass,⏰ clock," +
  "🎁 gift,💡 lamp,📕 book,✏️ pencil,📎 paperclip,✂️ scissors,🔒 lock,🔑 key," +
  "🔨 hammer,☎️ telephone,🏁 flag,🚂 train,🚲 bicycle,✈️ aeroplane,🚀 rocket,🏆 trophy," +
  "⚽ ball,🎸 guitar,🎺 trumpet,🔔 bell,⚓ anchor,🎧 headphones,📁 folder,📌 pin"
)
  .split(",")
  .map((entry) => {
    const [emoji = "", word = ""] = entry.split(" ");
    return { emoji, word };
  });

/** Lists the certificate fingerprints of a description, each once, sorted. */
export function fingerprintsOf(sdp: string): string {
  const found = [...sdp.matchAll(/^a=fingerprint:(\S+) (\S+)\s*$/gm)].map(
    ([, algorithm = "", value = ""]) => `${algorithm.toLowerCase()} ${value.toUpperCase()}`,
  );
  return [...new Set(found)].sort().join(",");
}

/** An end of a code: all fingerprints by which one knows it. */
export function endOf(...fingerprints: readonly string[]): string {
  return fingerprints
    .flatMap((listed) => listed.split(","))
    .filter((fingerprint) => fingerprint !== "")
    .sort()
    .join(",");
}

/**
 * Makes the same code on both ends, each given by its fingerprints; null where an end has none, or the browser cannot
 * hash.
 */
export async function securityCode(a: string, b: string): Promise<SecurityCode | null> {
  const ends = [a, b].sort();
  if (ends.includes("") || !globalThis.crypto?.subtle) return null;
  const { subtle } = crypto;
  const text = new TextEncoder().encode(ends.join("\n"));
  const key = await subtle.importKey("raw", text, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: SALT, iterations: ROUNDS };
  const bytes = new Uint8Array(await subtle.deriveBits(how, key, 256));
  return [...bytes.slice(0, LENGTH)].map((byte) => SYMBOLS[byte % SYMBOLS.length] as CodeSymbol);
}

export const inWords = (code: SecurityCode) => code.map(({ word }) => word).join(" ");

/** The English words of all symbols, in their order; other languages name the same symbols in the same order. */
export const SYMBOL_WORDS: readonly string[] = SYMBOLS.map(({ word }) => word);

/** Reads a code in the words of another language. */
export function inWordsOf(words: readonly string[], code: SecurityCode): string {
  return code.map((symbol) => words[SYMBOLS.indexOf(symbol)] ?? symbol.word).join(" ");
}
