// The host's board: orders by state, with their countdowns and what can be done with each.

import { useComputed, useSignal } from "@preact/signals";
import type { OrderRow } from "../../core/order-wire";
import { newest_first, on_shelf, SHELVES, type Shelf, shelf_count, short_number } from "../../core/orders";
import { useStage } from "../../parts/stage";
import { BOARD } from "../../words/board/board";
import { OrderCard } from "./card";
import { older } from "./older";

/** Cards drawn at first, and with every "more". */
const PAGE = 60;

export function OrderBoard() {
  const { live, speech, f } = useStage();
  const b = BOARD[speech.lang.value];
  const shelf = useSignal<Shelf>("awaiting_payment");
  const query = useSignal("");
  const pages = useSignal(1);
  // What was fetched besides; a row of the connection is always newer.
  const fetched = useSignal<ReadonlyMap<string, OrderRow>>(new Map());
  const cursors = useSignal<Partial<Record<Shelf, string | null>>>({});
  const failed = useSignal(false);
  const book = useComputed(() => live.state.value.host?.orders).value;
  if (!book) return null;
  const shop = live.state.value.live?.shop ?? "";
  const known = new Map([...fetched.value, ...book.rows]);
  const all = sorted(
    [...known.values()].filter((row) => on_shelf(row, shelf.value)),
    shelf.value,
  );
  const wanted = query.value.trim().toLowerCase();
  const rows = wanted === "" ? all : all.filter((row) => matches(row, wanted));
  const count = shelf_count(book, shelf.value);
  const choose = (next: Shelf) => {
    shelf.value = next;
    pages.value = 1;
    failed.value = false;
  };
  const fetch_older = async () => {
    const name = shelf.peek();
    try {
      const page = await older(live.server, shop, live.token.peek(), name, cursors.peek()[name] ?? null);
      fetched.value = new Map([...fetched.peek(), ...page.orders.map((row) => [row.order, row] as const)]);
      cursors.value = { ...cursors.peek(), [name]: page.next };
      pages.value += 1;
      failed.value = false;
    } catch {
      failed.value = true;
    }
  };
  return (
    <section class="orders-board" aria-label={b.title}>
      <div class="shelves" role="tablist" aria-label={b.title}>
        {SHELVES.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`shelf-${name}`}
            class={tone(name, shelf_count(book, name))}
            aria-selected={shelf.value === name}
            aria-controls="shelf"
            tabIndex={shelf.value === name ? 0 : -1}
            data-shelf={name}
            onClick={() => choose(name)}
            onKeyDown={(event) => {
              const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
              if (step === 0) return;
              const next = SHELVES[(SHELVES.indexOf(name) + step + SHELVES.length) % SHELVES.length] ?? name;
              choose(next);
              document.getElementById(`shelf-${next}`)?.focus();
            }}
          >
            <span>{b.shelves[name]}</span>
            <span class="shelf-count">{f.number(shelf_count(book, name))}</span>
          </button>
        ))}
      </div>
      <div id="shelf" role="tabpanel" aria-labelledby={`shelf-${shelf.value}`}>
        {all.length > 5 && (
          <label class="field board-search">
            <span>{b.search}</span>
            <input
              type="search"
              value={query.value}
              placeholder={b.search_hint}
              autocomplete="off"
              spellcheck={false}
              onInput={(event) => (query.value = event.currentTarget.value)}
            />
          </label>
        )}
        {rows.length === 0 && <p class="card panel hint">{all.length === 0 ? b.none : b.none_found}</p>}
        <ul class="order-cards">
          {rows.slice(0, pages.value * PAGE).map((row) => (
            <OrderCard key={row.order} row={row} b={b} />
          ))}
        </ul>
        {rows.length > pages.value * PAGE && (
          <button type="button" class="button small plain" onClick={() => (pages.value += 1)}>
            {b.more}
          </button>
        )}
        {failed.value && (
          <p class="trouble" role="alert">
            {b.older_failed}
          </p>
        )}
        {(count > all.length || shelf.value === "ended") && cursors.value[shelf.value] !== null && (
          <button type="button" class="button small plain" data-act="older" onClick={() => void fetch_older()}>
            {b.older}
          </button>
        )}
      </div>
    </section>
  );
}

/** What runs out first on top; what has no end, newest first. */
function sorted(rows: OrderRow[], shelf: Shelf): OrderRow[] {
  if (shelf !== "awaiting_payment" && shelf !== "late_wait") return newest_first(rows);
  return rows.sort((a, b) => (a.deadline_ms ?? Infinity) - (b.deadline_ms ?? Infinity));
}

const matches = (row: OrderRow, wanted: string): boolean =>
  [row.customer, row.order, short_number(row.order), ...row.lines.flatMap((line) => [line.sku, line.title])].some(
    (text) => text.toLowerCase().includes(wanted),
  );

const tone = (shelf: Shelf, count: number): string =>
  count > 0 && (shelf === "refunds" || shelf === "late_wait") ? "shelf wants" : "shelf";
