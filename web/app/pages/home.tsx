// /: what runs here and where to go.

import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { LangSwitch } from "../parts/lang-switch";
import { speech } from "../words/lang";

interface Row {
  live: string;
  shop: string;
  title: string;
  state: string;
}

const tongue = speech();
const lives = signal<Row[] | "loading" | "failed">("loading");

async function load(): Promise<void> {
  try {
    const answer = await fetch("/v1/lives", { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const body = (await answer.json()) as { lives: Row[] };
    lives.value = body.lives;
  } catch {
    lives.value = "failed";
  }
}

effect(() => {
  document.documentElement.lang = tongue.lang.value;
});

function Home() {
  const w = tongue.words.value;
  const rows = lives.value;
  return (
    <main class="plain-page">
      <header class="plain-top">
        <h1>{w.home.title}</h1>
        <LangSwitch speech={tongue} />
      </header>
      <p class="lead">{w.home.intro}</p>
      <h2>{w.home.lives}</h2>
      <div aria-live="polite">
        {rows === "loading" && <p>{w.status.connecting}</p>}
        {rows === "failed" && <p>{w.home.failed}</p>}
        {Array.isArray(rows) && rows.length === 0 && <p>{w.home.none}</p>}
      </div>
      {Array.isArray(rows) && (
        <ul class="lives">
          {rows.map((row) => (
            <One key={row.live} row={row} />
          ))}
        </ul>
      )}
      <p class="hint">{w.home.links_need_token}</p>
    </main>
  );
}

function One({ row }: { row: Row }) {
  const w = tongue.words.value;
  const id = encodeURIComponent(row.live);
  return (
    <li class="card live-row">
      <div>
        <h3>{row.title}</h3>
        <p>
          <span class={row.state === "live" ? "tag live" : "tag"}>
            {row.state === "live" ? w.home.live_now : w.home.ended}
          </span>{" "}
          {row.shop}
        </p>
      </div>
      <nav aria-label={row.title}>
        <a class="button" href={`/watch/${id}`}>
          {w.home.watch}
        </a>
        <a class="button plain" href={`/overlay/${id}`}>
          {w.home.overlay}
        </a>
        <a class="button plain" href={`/host/${id}`}>
          {w.home.host}
        </a>
      </nav>
    </li>
  );
}

const root = document.getElementById("app");
if (root) {
  root.className = "lapak";
  render(<Home />, root);
  void load();
}
