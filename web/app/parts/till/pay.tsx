// Paying an order: choose a method, then what that method shows; a code that ran out can be renewed.

import { useSignal } from "@preact/signals";
import type { Attempt, Method, OrderRow } from "../../core/order-wire";
import { attempt, methods_of, owed, pay_step } from "../../core/orders";
import { Countdown } from "../countdown";
import { useStage } from "../stage";
import { Qr } from "./qr";

export function Pay({ row }: { row: OrderRow }) {
  const { live, w, f } = useStage();
  // The attempt that is being changed; a newer one is shown again.
  const leaving = useSignal<string | null>(null);
  const { till } = live.state.value;
  const shown = attempt(till, row);
  const step = pay_step(row, shown, live.now.value);
  const starting = live.pending.value.find(
    ({ request }) => request.type === "payment.start" && request.order === row.order,
  );
  const start = (method: Method) => {
    leaving.value = null;
    live.ask({ type: "payment.start", order: row.order, method });
  };
  if (starting)
    return (
      <p class="pill" role="status">
        {starting.phase === "unknown"
          ? w.status.unknown
          : starting.phase === "waiting"
            ? w.status.waiting_to_send
            : w.till.pay.starting}
      </p>
    );
  const missing = row.captured > 0 && (
    <p class="result open">
      {w.till.pay.partly(f.money(row.captured, row.currency), f.money(owed(row), row.currency))}
    </p>
  );
  if (step === "choose" || !shown || leaving.value === shown.payment)
    return (
      <>
        {missing}
        <Methods methods={methods_of(till, row)} choose={start} />
      </>
    );
  const change = (
    <button type="button" class="button small plain" data-act="change" onClick={() => (leaving.value = shown.payment)}>
      {w.till.pay.change}
    </button>
  );
  return (
    <section class="pay" aria-label={w.till.pay.methods[shown.method].name} data-pay={step}>
      {missing}
      <h3>{w.till.pay.methods[shown.method].name}</h3>
      {step === "show" ? (
        <Shown row={row} shown={shown} again={() => start(shown.method)} />
      ) : (
        <>
          <p class="result bad">{step === "failed" ? w.till.pay.failed : w.till.pay.ran_out}</p>
          <button type="button" class="button" data-act="renew" onClick={() => start(shown.method)}>
            {step === "failed" ? w.till.retry : w.till.pay.new_code}
          </button>
        </>
      )}
      {change}
    </section>
  );
}

/** Only what the checkout offered. */
function Methods({ methods, choose }: { methods: readonly Method[]; choose: (method: Method) => void }) {
  const { w } = useStage();
  return (
    <section class="methods" aria-label={w.till.pay.choose}>
      <h3>{w.till.pay.choose}</h3>
      <p class="hint">{w.till.pay.choose_text}</p>
      <ul>
        {methods.map((method) => (
          <li key={method}>
            <button type="button" class="method" data-method={method} onClick={() => choose(method)}>
              <span class="method-mark" aria-hidden="true">
                {MARKS[method]}
              </span>
              <span class="line-what">
                <span class="line-title">{w.till.pay.methods[method].name}</span>
                <span class="row-side">{w.till.pay.methods[method].text}</span>
              </span>
              <span aria-hidden="true">›</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const MARKS: Record<Method, string> = {
  qris: "▦",
  transfer: "⇄",
  va: "#",
  ewallet: "◉",
  card: "▭",
  cod: "⌂",
  credit: "◷",
};

/** What the payer needs now. */
function Shown({ row, shown, again }: { row: OrderRow; shown: Attempt; again: () => void }) {
  const { w, f } = useStage();
  const amount = f.money(owed(row), row.currency);
  const address = shown.url?.startsWith("https://") ? shown.url : undefined;
  const left = shown.expires_at_ms !== null && (
    <p class="code-time">
      {w.till.pay.code_time} <Countdown until_ms={shown.expires_at_ms} over={w.mine.over} />
    </p>
  );
  if (shown.method === "qris")
    return (
      <>
        {shown.qr_rows ? (
          <Qr rows={shown.qr_rows} label={w.till.pay.qr_label(amount)} />
        ) : (
          <>
            <p class="hint">{w.till.pay.qr_missing}</p>
            <button type="button" class="button" data-act="show-again" onClick={again}>
              {w.till.pay.show_again}
            </button>
          </>
        )}
        {left}
        {shown.qr_rows && <p class="hint">{w.till.pay.scan}</p>}
      </>
    );
  return (
    <>
      {shown.instructions && <p class="instructions">{shown.instructions}</p>}
      {address && (
        <a class="button" href={address} target="_blank" rel="noopener noreferrer">
          {w.till.pay.open_page}
        </a>
      )}
      {left}
      {shown.method === "cod" && <p class="hint">{w.till.pay.cod_wait}</p>}
      {(shown.method === "transfer" || shown.method === "credit") && <p class="hint">{w.till.pay.wait_for_shop}</p>}
    </>
  );
}
