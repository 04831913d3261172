// One order: how it stands, paying it, cancelling it.

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { OrderRow } from "../../core/order-wire";
import { attempt, pay_step, short_number, units_of } from "../../core/orders";
import { result_of } from "../../words/results";
import { Countdown } from "../countdown";
import { useStage } from "../stage";
import { Lines, Totals } from "./lines";
import { Pay } from "./pay";
import { Sandbox } from "./sandbox";
import { Sheet } from "./sheet";

export function OrderView({ order }: { order: string }) {
  const { live, w, f } = useStage();
  const { till } = live.state.value;
  const row = till.orders.get(order);
  const list = () => (live.sheet.value = { kind: "orders" });
  if (!row)
    return (
      <Sheet title={`${w.till.orders.number} ${short_number(order)}`} back={list} step="missing">
        <p class="hint">{w.status.connecting}</p>
      </Sheet>
    );
  const unpaid = row.state === "awaiting_payment";
  const shown = attempt(till, row);
  const result = result_of(w, f, row, till.revived.has(order) ? "expired" : null);
  return (
    <Sheet
      title={`${w.till.orders.number} ${short_number(order)}`}
      side={
        unpaid &&
        row.deadline_ms !== null && <Countdown until_ms={row.deadline_ms} label={w.till.pay.time} over={w.mine.over} />
      }
      back={list}
      order={order}
      step={`${row.state}-${pay_step(row, shown, live.now.peek())}`}
    >
      <p class="order-sum">
        <span class={`tag state is-${row.state}`}>{w.till.orders.state[row.state]}</span>
        <strong class="price">{f.money(row.total, row.currency)}</strong>
      </p>
      <div role="status" aria-live="polite">
        {result && (
          <p class={`result ${result.mood}`} data-result={row.state}>
            {(row.state === "paid" || row.state === "finished") && (
              <span class="done-mark" aria-hidden="true">
                ✓
              </span>
            )}
            {result.text}
          </p>
        )}
        {unpaid && row.checking && <p class="result open">{w.till.pay.checking}</p>}
      </div>
      {row.state === "late_wait" && row.deadline_ms !== null && (
        <p class="hint">
          {w.till.result.late_wait_time} <Countdown until_ms={row.deadline_ms} over={w.mine.over} />
        </p>
      )}
      {unpaid && <Pay row={row} />}
      {shown?.sandbox && <Sandbox row={row} payment={shown} />}
      <details class="contents" open={!unpaid}>
        <summary>{w.till.orders.lines}</summary>
        <Lines lines={contents(row)} currency={row.currency} />
        <Totals {...row} />
      </details>
      <p class="row-side">
        {w.till.orders.placed_at} {f.time(row.placed_at_ms)} · <span class="order-id">{row.order}</span>
      </p>
      {unpaid && <Cancel row={row} />}
    </Sheet>
  );
}

/** What is in it; of an order that lost everything, what was in it. */
function contents(row: OrderRow) {
  const none = units_of(row) === 0;
  return row.lines.map((line) => ({ ...line, key: String(line.line), qty: none ? line.ordered : line.qty }));
}

/** Cancelling an unpaid order, with what it costs. */
function Cancel({ row }: { row: OrderRow }) {
  const { live, w, f } = useStage();
  const asking = useSignal(false);
  const keep = useRef<HTMLButtonElement>(null);
  const under_way = live.pending.value.some(
    ({ request }) => request.type === "order.cancel" && request.order === row.order,
  );
  useLayoutEffect(() => {
    if (asking.value) keep.current?.focus();
  }, [asking.value]);
  if (!asking.value || under_way)
    return (
      <button
        type="button"
        class="button small plain cancel-order"
        disabled={under_way}
        data-act="cancel-order"
        onClick={() => (asking.value = true)}
      >
        {under_way ? w.till.cancel.going : w.till.cancel.button}
      </button>
    );
  const costs =
    row.penalty === undefined
      ? w.till.cancel.costs("")
      : row.penalty > 0
        ? w.till.cancel.costs(f.number(row.penalty * units_of(row)))
        : w.till.cancel.costs_nothing;
  return (
    <div class="trouble">
      <p>
        {w.till.cancel.confirm} {costs}
      </p>
      <div class="pair">
        <button type="button" class="button small plain" ref={keep} onClick={() => (asking.value = false)}>
          {w.till.cancel.keep}
        </button>
        <button
          type="button"
          class="button small danger"
          data-act="do-cancel-order"
          onClick={() => {
            asking.value = false;
            live.ask({ type: "order.cancel", order: row.order });
          }}
        >
          {w.till.cancel.go}
        </button>
      </div>
    </div>
  );
}
