import type { Plugin } from "vite";

export function segmentationPlugin(): Plugin;
