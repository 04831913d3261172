// `npm run dev`: the mock server and Vite's development server, with links to click. With LAPAK_DEV_SERVER=http://…
// the pages talk to a real server instead.

import { join } from "node:path";
import { createServer } from "vite";
import { start, token } from "./mock.mjs";

if (!process.env.LAPAK_DEV_SERVER) {
  const mock = await start({ port: 0 });
  process.env.LAPAK_DEV_SERVER = mock.address;
  const act = (name, command) => mock.act(command, { sub: name, role: "viewer" });
  setInterval(() => {
    const drops = [...mock.state.drops.values()].filter((drop) => drop.state === "open");
    const drop = drops[Math.floor(Math.random() * drops.length)];
    const name = `pembeli-${Math.floor(Math.random() * 50)}`;
    if (drop)
      act(name, { type: "book", drop: drop.drop, sku: drop.sku, qty: 1, accept_partial: false, join_waitlist: true });
    mock.tell_all({ type: "viewers", count: 1200 + Math.floor(Math.random() * 80), approximate: true });
  }, 2500);
}

const vite = await createServer({ configFile: join(import.meta.dirname, "..", "vite.config.ts") });
await vite.listen();
const at = vite.resolvedUrls?.local[0] ?? "http://localhost:5173/";
console.log(`watch    ${at}watch/demo#token=${token("alice", "viewer")}`);
console.log(`host     ${at}host/demo#token=${token("host", "host")}`);
console.log(`audit    ${at}admin/audit#token=${token("boss", "admin")}`);
console.log(`overlay  ${at}overlay/demo`);
console.log(`start    ${at}`);
