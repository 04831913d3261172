// /host/{live}: the host's console.

import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { paint_accent } from "../core/accent";
import { open_live } from "../core/live";
import { shelf_count } from "../core/orders";
import { live_of_path, on_new_token, take_token } from "../core/token";
import { Chart } from "../host/chart";
import { Drops } from "../host/drops";
import { OpenDrop } from "../host/open-drop";
import { OrderBoard } from "../host/orders/board";
import { Bookings, Waiters } from "../host/people";
import { LangSwitch } from "../parts/lang-switch";
import { Notices } from "../parts/notices";
import { Stage, useStage } from "../parts/stage";
import { ConnectionStatus } from "../parts/status";
import { Viewers } from "../parts/viewer";
import { BOARD } from "../words/board/board";
import { speech } from "../words/lang";

const id = live_of_path();
const page = `host.${id}`;
const tongue = speech();
const live = open_live({ live: id, server: location.origin, token: take_token(page), lang: () => tongue.lang.peek() });

on_new_token(page, (token) => live.renew(token));

effect(() => {
  const about = live.about.value;
  tongue.suggest(about?.lang);
  const words = tongue.words.value;
  document.documentElement.lang = tongue.lang.value;
  document.title = about ? `${about.title} · ${words.host.title}` : words.host.title;
  paint_accent(document.documentElement, about?.accent);
});

type View = "live" | "orders";

const VIEW = `lapak.view.${page}`;
const view = signal<View>(kept_view());

function kept_view(): View {
  try {
    return sessionStorage.getItem(VIEW) === "orders" ? "orders" : "live";
  } catch {
    return "live";
  }
}

function show(next: View): void {
  view.value = next;
  try {
    sessionStorage.setItem(VIEW, next);
  } catch {
    // Storage is forbidden: the choice lives as long as this page.
  }
}

/** The live, or its orders; orders that want something are counted where they are not seen. */
function Views() {
  const { live, speech, f } = useStage();
  const b = BOARD[speech.lang.value];
  const book = live.state.value.host?.orders;
  const waiting = book
    ? (["awaiting_payment", "confirmed", "paid", "refunds"] as const).reduce((n, s) => n + shelf_count(book, s), 0)
    : 0;
  return (
    <nav class="views" aria-label={b.title}>
      {(["live", "orders"] as const).map((name) => (
        <button
          key={name}
          type="button"
          class="view"
          aria-pressed={view.value === name}
          data-view={name}
          onClick={() => show(name)}
        >
          {b.views[name]}
          {name === "orders" && waiting > 0 && <span class="shelf-count">{f.number(waiting)}</span>}
        </button>
      ))}
    </nav>
  );
}

function Host() {
  const { live, speech, w, f } = useStage();
  const { live: about, host, me } = live.state.value;
  const unknown = live.pending.value.some(({ phase }) => phase === "unknown");
  return (
    <main class="host">
      <header class="host-top">
        <div>
          <h1>{about?.title ?? w.host.title}</h1>
          <p class="row-side">
            {about && (
              <span class={about.state === "live" ? "tag live" : "tag"}>
                {about.state === "live" ? w.home.live_now : w.home.ended}
              </span>
            )}
            {about && <Viewers />}
            {host && <span>{w.host.connections(f.number(host.connections))}</span>}
            {host && <span>{w.host.booked_total(f.number(host.booked_total))}</span>}
            {me && <span>{me.customer}</span>}
          </p>
        </div>
        <LangSwitch speech={speech} />
      </header>
      <div class="host-news">
        <ConnectionStatus />
        {unknown && <p class="pill">{w.status.unknown}</p>}
        <Notices />
      </div>
      {about && !host && <p class="card panel trouble">{w.host.not_host}</p>}
      {host && <Views />}
      {host && view.value === "orders" && <OrderBoard />}
      {host && view.value === "live" && (
        <div class="host-grid">
          <div class="host-column">
            <Drops />
            <OpenDrop />
          </div>
          <div class="host-column">
            <Chart />
            <Bookings />
            <Waiters />
          </div>
        </div>
      )}
    </main>
  );
}

const root = document.getElementById("app");
if (root) {
  root.className = "lapak";
  render(
    <Stage live={live} speech={tongue}>
      <Host />
    </Stage>,
    root,
  );
}
