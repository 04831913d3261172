// The drops of the live and what the host can do with each.

import { useSignal } from "@preact/signals";
import type { Ask, Drop } from "../core/wire";
import { Countdown } from "../parts/countdown";
import { useStage } from "../parts/stage";
import { StockBar } from "../parts/stock-bar";
import { Stock } from "./stock";

const EXTEND_MINUTES = [1, 5];

export function Drops() {
  const { live, w } = useStage();
  const drops = live.drops.value;
  return (
    <section class="card panel drops-panel" aria-label={w.host.sections.drops}>
      <h2>{w.host.sections.drops}</h2>
      {drops.length === 0 && <p class="hint">{w.host.no_drops}</p>}
      <ul class="drop-list">
        {drops.map((drop) => (
          <One key={drop.drop} drop={drop} />
        ))}
      </ul>
    </section>
  );
}

function One({ drop }: { drop: Drop }) {
  const { live, w, f } = useStage();
  const closing = useSignal(false);
  const withdraw = useSignal(false);
  const row = live.state.value.host?.catalog.get(drop.sku);
  const busy = live.pending.value.some(({ request }) => "drop" in request && request.drop === drop.drop);
  const closed = drop.state === "closed";
  const button = (label: string, ask: Ask, act: string) => (
    <button type="button" class="button small plain" disabled={busy} data-act={act} onClick={() => live.ask(ask)}>
      {label}
    </button>
  );
  return (
    <li class={`host-drop is-${drop.state}`} data-drop={drop.drop}>
      <div class="host-drop-head">
        <div>
          <h3 class="row-title">{drop.title}</h3>
          <p class="row-side">
            {drop.sku} · {f.money(drop.price, drop.currency)} · {drop.mode === "carved" ? w.host.carved : w.host.shared}
          </p>
        </div>
        <p class="host-drop-state">
          <span class={drop.state === "open" ? "tag live" : "tag"}>{w.drop.state[drop.state]}</span>
          {drop.state === "open" && drop.ends_at_ms !== null && (
            <Countdown until_ms={drop.ends_at_ms} over={w.drop.closed} />
          )}
          {drop.state === "scheduled" && drop.opens_at_ms !== null && <Countdown until_ms={drop.opens_at_ms} />}
        </p>
      </div>
      <StockBar drop={drop} item={live.item(drop)} />
      {row && row.shortage > 0 && <p class="trouble">{w.host.shortage_warning(f.number(row.shortage))}</p>}
      {!closed && (
        <div class="tools">
          {drop.state === "paused"
            ? button(w.host.resume, { type: "drop.resume", drop: drop.drop }, "resume")
            : button(w.host.pause, { type: "drop.pause", drop: drop.drop }, "pause")}
          {EXTEND_MINUTES.map((minutes) => (
            <button
              key={minutes}
              type="button"
              class="button small plain"
              disabled={busy}
              aria-label={`${w.host.extend} ${w.host.extend_by(f.number(minutes))}`}
              onClick={() => live.ask({ type: "drop.extend", drop: drop.drop, minutes })}
            >
              {w.host.extend_by(f.number(minutes))}
            </button>
          ))}
          {button(
            drop.pinned ? w.host.unpin : w.host.pin,
            { type: "drop.pin", drop: drop.drop, pinned: !drop.pinned },
            "pin",
          )}
          <button
            type="button"
            class="button small plain"
            disabled={busy}
            onClick={() => (closing.value = !closing.value)}
          >
            {w.host.close}
          </button>
        </div>
      )}
      {closing.value && !closed && (
        <div class="trouble">
          <p>{w.host.close_confirm}</p>
          <label class="check">
            <input
              type="checkbox"
              checked={withdraw.value}
              onChange={(event) => (withdraw.value = event.currentTarget.checked)}
            />{" "}
            {w.host.withdraw}
          </label>
          <div class="pair">
            <button type="button" class="button small plain" onClick={() => (closing.value = false)}>
              {w.host.back}
            </button>
            <button
              type="button"
              class="button small danger"
              data-act="close"
              onClick={() => {
                closing.value = false;
                live.ask({ type: "drop.close", drop: drop.drop, ...(withdraw.value && { withdraw: true }) });
              }}
            >
              {w.host.close}
            </button>
          </div>
        </div>
      )}
      {!closed && row?.track_stock && row.components.length === 0 && <Stock sku={drop.sku} />}
    </li>
  );
}
