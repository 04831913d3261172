// One order on the host's board.

import { useSignal } from "@preact/signals";
import type { OrderAsk, OrderRow } from "../../core/order-wire";
import { acts, type HostAct, owed, short_number } from "../../core/orders";
import { Countdown } from "../../parts/countdown";
import { useStage } from "../../parts/stage";
import type { BoardWords } from "../../words/board/board";
import { free_text } from "../../words/results";
import { Customer } from "../people";
import { CancelForm, ConfirmForm, PayForm, RefundForm, RefuseForm, ReturnForm } from "./forms";

interface Props {
  row: OrderRow;
  b: BoardWords;
}

const FORMS = {
  confirm: ConfirmForm,
  pay: PayForm,
  refund: RefundForm,
  refuse: RefuseForm,
  cancel: CancelForm,
  return: ReturnForm,
};

export function OrderCard({ row, b }: Props) {
  const { live, w, f } = useStage();
  const open = useSignal<HostAct | null>(null);
  const busy = live.pending.value.some(({ request }) => "order" in request && request.order === row.order);
  const possible = acts(row);
  const ask = (command: OrderAsk) => {
    open.value = null;
    live.ask(command);
  };
  const press = (act: HostAct) => {
    if (act === "ship" || act === "finish") ask({ type: `order.${act}`, order: row.order });
    else open.value = open.value === act ? null : act;
  };
  const form = open.value && possible.includes(open.value) ? open.value : null;
  const Form = form && form !== "ship" && form !== "finish" ? FORMS[form] : null;
  return (
    <li class="card order-card" data-order={row.order} data-state={row.state} aria-label={short_number(row.order)}>
      <header class="order-card-head">
        <div class="order-card-who">
          <h3 class="order-number" title={row.order}>
            {short_number(row.order)}
          </h3>
          <Customer customer={row.customer} />
        </div>
        <div class="order-card-state">
          <span class={`tag state is-${row.state}`}>{w.till.orders.state[row.state]}</span>
          {row.deadline_ms !== null && (row.state === "awaiting_payment" || row.state === "late_wait") ? (
            <Countdown
              until_ms={row.deadline_ms}
              over={w.mine.over}
              label={row.state === "late_wait" ? b.late_time : b.pay_time}
            />
          ) : (
            <span class="row-side">{f.time(row.placed_at_ms)}</span>
          )}
        </div>
      </header>
      <p class="row-side">
        {b.origin[row.origin]}
        {row.method && ` · ${w.till.pay.methods[row.method].name}`}
        {row.secured && ` · ${b.secured[row.secured]}`}
        {row.checking && ` · ${b.checking}`}
        {free_text(row.reason) && ` · ${free_text(row.reason)}`}
      </p>
      <ul class="order-lines">
        {row.lines.map((line) => (
          <li key={line.line} class={line.qty === 0 ? "gone" : undefined}>
            <span class="num">{f.number(line.qty || line.ordered)} ×</span>
            <span class="order-line-title">
              {line.title}
              {line.qty > 0 && line.qty < line.ordered && (
                <span class="row-side"> ({b.cancelled_units(f.number(line.ordered - line.qty))})</span>
              )}
              {line.returned > 0 && <span class="row-side"> ({b.returned(f.number(line.returned))})</span>}
            </span>
            <span class="num">{f.money(line.price * (line.qty || line.ordered), row.currency)}</span>
          </li>
        ))}
      </ul>
      <Money row={row} b={b} />
      {possible.length > 0 && (
        <div class="tools">
          {possible.map((act, at) => (
            <button
              key={act}
              type="button"
              class={at === 0 && act !== "cancel" ? "button small" : "button small plain"}
              disabled={busy}
              aria-expanded={act === "ship" || act === "finish" ? undefined : form === act}
              data-act={act}
              onClick={() => press(act)}
            >
              {b.acts[act]}
            </button>
          ))}
        </div>
      )}
      {busy && (
        <p class="hint" role="status">
          {b.working}
        </p>
      )}
      {Form && <Form row={row} b={b} ask={ask} close={() => (open.value = null)} />}
    </li>
  );
}

/** Only the figures that say something. */
function Money({ row, b }: Props) {
  const { f } = useStage();
  const owes = owed(row);
  const open = ["awaiting_payment", "confirmed", "shipped"].includes(row.state);
  const figures: [string, number, string][] = [
    [b.total, row.total, ""],
    ...(row.captured > 0 ? ([[b.captured, row.captured, "good"]] as [string, number, string][]) : []),
    ...(open && owes > 0 && owes < row.total ? ([[b.owed, owes, "warn"]] as [string, number, string][]) : []),
    ...(row.refund_due > 0 ? ([[b.refund_due, row.refund_due, "bad"]] as [string, number, string][]) : []),
    ...(row.refunded > 0 ? ([[b.refunded, row.refunded, ""]] as [string, number, string][]) : []),
  ];
  return (
    <dl class="order-money">
      {figures.map(([name, minor, tone]) => (
        <div key={name} class={tone}>
          <dt>{name}</dt>
          <dd>{f.money(minor, row.currency)}</dd>
        </div>
      ))}
    </dl>
  );
}
