// The customer's own orders, newest first.

import type { OrderRow } from "../../core/order-wire";
import { newest_first, short_number, units_of } from "../../core/orders";
import { Countdown } from "../countdown";
import { useStage } from "../stage";
import { Sheet } from "./sheet";

export function Orders() {
  const { live, w } = useStage();
  const rows = newest_first(live.state.value.till.orders.values());
  return (
    <Sheet title={w.till.orders.title} step="orders" order="all">
      {rows.length === 0 && <p class="hint">{w.till.orders.none}</p>}
      <ul class="order-rows">
        {rows.map((row) => (
          <One key={row.order} row={row} />
        ))}
      </ul>
    </Sheet>
  );
}

function One({ row }: { row: OrderRow }) {
  const { live, w, f } = useStage();
  const ticking = (row.state === "awaiting_payment" || row.state === "late_wait") && row.deadline_ms !== null;
  const units = units_of(row) || row.lines.reduce((sum, line) => sum + line.ordered, 0);
  return (
    <li>
      <button
        type="button"
        class="order-row"
        data-order={row.order}
        data-state={row.state}
        onClick={() => (live.sheet.value = { kind: "order", order: row.order })}
      >
        <span class="line-what">
          <span class="line-title">
            {short_number(row.order)} <span class={`tag state is-${row.state}`}>{w.till.orders.state[row.state]}</span>
          </span>
          <span class="row-side">
            {f.number(units)} × {row.lines[0]?.title ?? "…"}
            {row.lines.length > 1 && " …"}
          </span>
        </span>
        <span class="order-row-side">
          <strong>{f.money(row.total, row.currency)}</strong>
          {ticking && row.deadline_ms !== null ? (
            <Countdown until_ms={row.deadline_ms} over={w.mine.over} label={w.till.pay.time} />
          ) : (
            <span class="row-side">{f.time(row.placed_at_ms)}</span>
          )}
        </span>
      </button>
    </li>
  );
}
