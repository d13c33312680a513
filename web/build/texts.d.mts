import type { Plugin } from "vite";

export interface Parameter {
  kind: "text" | "number" | "select" | "tag";
  words?: string[];
}

export const SECTIONS: Readonly<Record<string, string>>;
export function sectionOf(key: string): string;
export function compileSection(messages: Record<string, string>, section: string): string;
export function parametersOf(message: string): Record<string, Parameter>;
export function pluralsOf(message: string): string[][];
export function typesOf(messages: Record<string, string>): string;
export function textsPlugin(): Plugin;
export function textsChunkName(moduleId: string | null | undefined): string | null;
