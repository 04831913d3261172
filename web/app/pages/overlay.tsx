// /overlay/{live}: transparent, for OBS at 1080p. It shows and takes no input.

import { effect } from "@preact/signals";
import { render } from "preact";
import { paint_accent } from "../core/accent";
import { open_live } from "../core/live";
import { live_of_path, on_new_token, take_token } from "../core/token";
import type { Drop } from "../core/wire";
import { Countdown } from "../parts/countdown";
import { Picture } from "../parts/picture";
import { Stage, useStage } from "../parts/stage";
import { StockBar } from "../parts/stock-bar";
import { Ticker } from "../parts/ticker";
import { speech } from "../words/lang";

const id = live_of_path();
const page = `overlay.${id}`;
const tongue = speech(new URLSearchParams(location.search).get("lang"));
const live = open_live({ live: id, server: location.origin, token: take_token(page), lang: () => tongue.lang.peek() });

on_new_token(page, (token) => live.renew(token));

effect(() => {
  const about = live.about.value;
  tongue.suggest(about?.lang);
  document.documentElement.lang = tongue.lang.value;
  paint_accent(document.documentElement, about?.accent);
});

function Overlay() {
  const { live } = useStage();
  const shown = live.drops.value.find((drop) => drop.state !== "closed");
  return (
    <main class="obs" data-status={live.status.value.kind}>
      <Ticker rows={4} />
      {shown && <Card drop={shown} />}
    </main>
  );
}

function Card({ drop }: { drop: Drop }) {
  const { live, w, f } = useStage();
  return (
    <section class="obs-card" aria-label={drop.title}>
      <Picture src={drop.image} title={drop.title} />
      <div class="obs-what">
        <h1>{drop.title}</h1>
        <p class="obs-line">
          <span class="price">{f.money(drop.price, drop.currency)}</span>
          {drop.state === "open" && drop.ends_at_ms !== null && (
            <Countdown until_ms={drop.ends_at_ms} text={w.drop.ends_in} over={w.drop.closed} />
          )}
          {drop.state === "scheduled" && drop.opens_at_ms !== null && (
            <Countdown until_ms={drop.opens_at_ms} text={w.drop.opens_in} />
          )}
          {drop.state === "paused" && <span class="tag">{w.drop.paused}</span>}
        </p>
        <StockBar drop={drop} item={live.item(drop)} />
      </div>
    </section>
  );
}

const root = document.getElementById("app");
if (root) {
  root.className = "lapak";
  render(
    <Stage live={live} speech={tongue}>
      <Overlay />
    </Stage>,
    root,
  );
}
