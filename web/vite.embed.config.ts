// embed.js: the overlay as a web component, one self-contained classic script for pages of other origins.
import { resolve } from "node:path";
import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  build: {
    outDir: resolve(import.meta.dirname, "dist"),
    emptyOutDir: false,
    target: "es2022",
    assetsInlineLimit: 0,
    lib: {
      entry: resolve(import.meta.dirname, "app/pages/embed.tsx"),
      formats: ["iife"],
      name: "LapakOverlay",
      fileName: () => "embed.js",
    },
  },
});
