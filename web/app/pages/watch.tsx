// /watch/{live}: the viewer's page, phone first.

import { effect } from "@preact/signals";
import { render } from "preact";
import { paint_accent } from "../core/accent";
import { open_live } from "../core/live";
import { keep_token, live_of_path, on_new_token, take_token } from "../core/token";
import { LangSwitch } from "../parts/lang-switch";
import { Reputation } from "../parts/reputation";
import { Stage, useStage } from "../parts/stage";
import { Ticker } from "../parts/ticker";
import { Video } from "../parts/video";
import { Viewer, Viewers } from "../parts/viewer";
import { speech } from "../words/lang";

const id = live_of_path();
const page = `watch.${id}`;
const tongue = speech();
const live = open_live({ live: id, server: location.origin, token: take_token(page), lang: () => tongue.lang.peek() });

on_new_token(page, (token) => live.renew(token));

effect(() => {
  const about = live.about.value;
  tongue.suggest(about?.lang);
  document.documentElement.lang = tongue.lang.value;
  document.title = about ? `${about.title} · Lapak` : "Lapak";
  paint_accent(document.documentElement, about?.accent);
});

function Watch() {
  const { live, speech, w } = useStage();
  const about = live.state.value.live;
  const guest = () => {
    keep_token(page, null);
    live.renew(null);
  };
  return (
    <main class="watch">
      <div class="watch-video">
        {about && <Video video={about.video} />}
        <Ticker rows={2} />
      </div>
      <header class="watch-top">
        <div class="watch-title">
          <h1>{about?.title ?? "Lapak"}</h1>
          <p>
            {about?.state === "ended" ? (
              <span class="tag">{w.home.ended}</span>
            ) : (
              about && <span class="tag live">{w.home.live_now}</span>
            )}
            {about && <Viewers />}
          </p>
        </div>
        <Reputation />
        <LangSwitch speech={speech} short />
      </header>
      <div class="watch-panel">
        <Viewer guest={guest} />
        {about && about.links.length > 0 && (
          <nav class="shop-links" aria-label={about.shop}>
            {about.links.map((link) => (
              <a key={link.url} href={safe(link.url)} rel="noopener noreferrer" target="_blank">
                {link.label}
              </a>
            ))}
          </nav>
        )}
      </div>
    </main>
  );
}

const safe = (url: string): string | undefined => (url.startsWith("https://") ? url : undefined);

const root = document.getElementById("app");
if (root) {
  root.className = "lapak";
  render(
    <Stage live={live} speech={tongue}>
      <Watch />
    </Stage>,
    root,
  );
}
