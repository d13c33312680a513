import type { Plugin } from "vite";

interface BuiltChunk {
  readonly fileName: string;
  readonly imports: readonly string[];
  readonly moduleIds: readonly string[];
}

interface CountedPage {
  readonly modules: readonly string[];
  readonly sections: readonly string[];
}

export function chunksWith(
  chunks: readonly BuiltChunk[],
  modules: readonly string[],
): readonly BuiltChunk[];

export function bytesOf(
  page: CountedPage,
  chunks: readonly BuiltChunk[],
  sizes: ReadonlyMap<string, number>,
): number;

export function scriptLimitsPlugin(): Plugin;
