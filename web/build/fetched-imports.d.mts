import type { Plugin } from "vite";

export function fetchedImportsPlugin(): Plugin;
