// The pages: one HTML entry each, their scripts and styles hashed under /assets.
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

const pages = ["home", "watch", "overlay", "host", "audit", "missing"];
const root = resolve(import.meta.dirname, "pages");

/** In development the dev server answers the same addresses as the real one: /watch/{live} and so on. */
function addresses(): Plugin {
  return {
    name: "lapak-addresses",
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const path = (request.url ?? "/").split(/[?#]/)[0] ?? "/";
        const page = /^\/(watch|overlay|host)\/[^/]+$/.exec(path)?.[1];
        if (path === "/admin/audit") request.url = "/audit.html";
        else if (path === "/") request.url = "/home.html";
        else if (page) request.url = `/${page}.html`;
        next();
      });
    },
  };
}

export default defineConfig({
  root,
  base: "/",
  publicDir: false,
  plugins: [addresses()],
  build: {
    outDir: resolve(import.meta.dirname, "dist"),
    emptyOutDir: true,
    target: "es2022",
    // A strict content policy serves these pages: nothing inline, no data: scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: Object.fromEntries(pages.map((page) => [page, resolve(root, `${page}.html`)])),
    },
  },
  server: {
    fs: { allow: [import.meta.dirname] },
    proxy: {
      "/v1": { target: process.env.LAPAK_DEV_SERVER ?? "http://127.0.0.1:8787", ws: true },
    },
  },
});
