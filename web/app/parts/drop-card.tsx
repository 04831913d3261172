// One drop as a viewer sees it: what it is, what is left, and the big button.

import { useComputed, useSignal } from "@preact/signals";
import type { Drop, Item } from "../core/wire";
import { Countdown } from "./countdown";
import { Picture } from "./picture";
import { useStage } from "./stage";
import { StockBar } from "./stock-bar";

const QTY_MAX = 99;

export function DropCard({ drop }: { drop: Drop }) {
  const { live, w, f } = useStage();
  const item = useComputed(() => live.state.value.items.get(`${drop.drop}\n${drop.sku}`)).value;
  return (
    <li class={drop.pinned ? "card drop pinned" : "card drop"} aria-label={drop.title} data-drop={drop.drop}>
      <div class="drop-head">
        <Picture src={drop.image} title={drop.title} />
        <div class="drop-what">
          {drop.pinned && <span class="tag">{w.drop.pinned}</span>}
          <h3 class="drop-title">{drop.title}</h3>
          <p class="price">{f.money(drop.price, drop.currency)}</p>
        </div>
      </div>
      <StockBar drop={drop} item={item} />
      <p class="drop-meta">
        {drop.state === "scheduled" && drop.opens_at_ms !== null && (
          <Countdown until_ms={drop.opens_at_ms} text={w.drop.opens_in} />
        )}
        {drop.state === "open" && drop.ends_at_ms !== null && (
          <Countdown until_ms={drop.ends_at_ms} text={w.drop.ends_in} over={w.drop.closed} />
        )}
        {drop.per_customer_limit > 0 && <span>{w.drop.limit(f.number(drop.per_customer_limit))}</span>}
      </p>
      <Act drop={drop} item={item} />
    </li>
  );
}

/** What can be done with the drop now: book, wait, or read why not. */
function Act({ drop, item }: { drop: Drop; item: Item | undefined }) {
  const { live, w, f } = useStage();
  const wished = useSignal(1);
  const me = live.state.value.me;
  const under_way = useComputed(() =>
    live.pending.value.find(
      ({ request }) => (request.type === "book" || request.type === "wait.leave") && request.drop === drop.drop,
    ),
  ).value;
  const wait = me?.waiting.find((row) => row.drop === drop.drop && row.sku === drop.sku);

  if (under_way) {
    const text =
      under_way.phase === "unknown"
        ? w.status.unknown
        : under_way.phase === "waiting"
          ? w.status.waiting_to_send
          : under_way.request.type === "book" && under_way.request.join_waitlist
            ? w.drop.joining
            : w.drop.booking;
    return (
      <button type="button" class="button big busy" aria-disabled="true" aria-busy="true">
        {text}
      </button>
    );
  }
  if (drop.state === "closed") return <p class="blocked">{w.drop.closed}</p>;
  if (drop.state === "paused") return <p class="blocked">{w.drop.paused}</p>;
  if (drop.state === "scheduled") return <p class="blocked">{w.drop.state.scheduled}</p>;
  if (!me) return <p class="blocked">{w.drop.guest}</p>;
  if (me.restricted) return <p class="blocked">{w.drop.restricted}</p>;
  if (wait) {
    return <p class="blocked">{wait.ahead_units > 0 ? w.mine.ahead(f.number(wait.ahead_units)) : w.mine.next}</p>;
  }

  const limit = drop.per_customer_limit > 0 ? drop.per_customer_limit : QTY_MAX;
  const sold_out = item?.sold_out ?? false;
  const most = sold_out || item?.available == null ? limit : Math.max(1, Math.min(limit, item.available));
  const qty = Math.min(wished.value, most);
  const book = (join_waitlist: boolean) =>
    live.ask({ type: "book", drop: drop.drop, sku: drop.sku, qty, accept_partial: false, join_waitlist });
  if (sold_out && !drop.waitlist) return <p class="blocked">{w.drop.sold_out}</p>;
  return (
    <div class="act">
      {most > 1 && <Quantity qty={qty} most={most} change={(next) => (wished.value = next)} />}
      {sold_out ? (
        <button type="button" class="button big second" onClick={() => book(true)} data-act="wait">
          {w.drop.join_waitlist}
        </button>
      ) : (
        <button type="button" class="button big" onClick={() => book(false)} data-act="book">
          <span>{qty === 1 ? w.drop.book : w.drop.book_units(f.number(qty))}</span>
          {qty > 1 && <span class="sum">{f.money(drop.price * qty, drop.currency)}</span>}
        </button>
      )}
    </div>
  );
}

function Quantity({ qty, most, change }: { qty: number; most: number; change: (qty: number) => void }) {
  const { w, f } = useStage();
  return (
    <fieldset class="quantity">
      <legend class="hidden">{w.drop.quantity}</legend>
      <button type="button" class="step" aria-label={w.drop.fewer} disabled={qty <= 1} onClick={() => change(qty - 1)}>
        −
      </button>
      <output aria-live="polite">{f.number(qty)}</output>
      <button
        type="button"
        class="step"
        aria-label={w.drop.more}
        disabled={qty >= most}
        onClick={() => change(qty + 1)}
      >
        +
      </button>
    </fieldset>
  );
}
