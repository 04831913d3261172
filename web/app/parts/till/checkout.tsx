// Checkout: which bookings, what they come to, and placing the order.

import { useSignal } from "@preact/signals";
import type { OwnBooking } from "../../core/wire";
import { Countdown } from "../countdown";
import { useStage } from "../stage";
import { Lines, Totals } from "./lines";
import { Sheet } from "./sheet";

const by_deadline = (a: OwnBooking, b: OwnBooking): number => a.deadline_ms - b.deadline_ms;

/** Every booking is chosen until it is taken out. */
export function SelectStep() {
  const { live, w, f } = useStage();
  const left_out = useSignal<ReadonlySet<string>>(new Set());
  const bookings = [...(live.state.value.me?.bookings ?? [])].sort(by_deadline);
  const chosen = bookings.filter((row) => !left_out.value.has(row.booking));
  const asking = live.pending.value.find(({ request }) => request.type === "checkout.start");
  const currency = bookings[0]?.currency ?? live.state.value.live?.currency ?? "IDR";
  const sum = chosen.reduce((total, row) => total + row.price * row.qty, 0);
  const toggle = (booking: string) => {
    const next = new Set(left_out.value);
    if (!next.delete(booking)) next.add(booking);
    left_out.value = next;
  };
  return (
    <Sheet
      title={w.till.select.title}
      step="select"
      foot={
        <>
          <p class="foot-sum">
            <span>{w.till.select.sum}</span>
            <strong>{f.money(sum, currency)}</strong>
          </p>
          <button
            type="button"
            class={asking ? "button big busy" : "button big"}
            disabled={chosen.length === 0 || asking !== undefined}
            data-act="checkout-start"
            onClick={() => live.ask({ type: "checkout.start", bookings: chosen.map((row) => row.booking) })}
          >
            {asking
              ? asking.phase === "unknown"
                ? w.status.unknown
                : asking.phase === "waiting"
                  ? w.status.waiting_to_send
                  : w.till.select.going
              : w.till.select.go(f.number(chosen.length))}
          </button>
        </>
      }
    >
      <p class="hint">{w.till.select.text}</p>
      {bookings.length > 1 && (
        <label class="pick all">
          <input
            type="checkbox"
            checked={chosen.length === bookings.length}
            onChange={(event) =>
              (left_out.value = event.currentTarget.checked ? new Set() : new Set(bookings.map((row) => row.booking)))
            }
          />
          <span>{w.till.select.all}</span>
        </label>
      )}
      <ul class="picks">
        {bookings.map((row) => (
          <li key={row.booking}>
            <label class="pick">
              <input
                type="checkbox"
                checked={!left_out.value.has(row.booking)}
                data-pick={row.booking}
                onChange={() => toggle(row.booking)}
              />
              <span class="line-what">
                <span class="line-title">{row.title}</span>
                <span class="row-side">
                  {f.number(row.qty)} × {f.money(row.price, row.currency)}
                </span>
              </span>
              <Countdown until_ms={row.deadline_ms} over={w.mine.over} label={w.mine.time_left} />
            </label>
          </li>
        ))}
      </ul>
      {chosen.length === 0 && <p class="hint">{bookings.length === 0 ? w.mine.none : w.till.select.none}</p>}
    </Sheet>
  );
}

export function CheckoutStep() {
  const { live, w, f } = useStage();
  const { till, me } = live.state.value;
  const { checkout } = till;
  const again = () => (live.sheet.value = { kind: "select" });
  const placing = live.pending.value.find(({ request }) => request.type === "checkout.place");
  // Read through the clock's signal, so that the end is seen when it comes.
  const over = !checkout || (live.now.value >= checkout.ends_at_ms && !placing);
  if (over)
    return (
      <Sheet
        title={w.till.checkout.title}
        step="checkout-over"
        foot={
          <button type="button" class="button big" onClick={again} data-act="checkout-again">
            {w.till.checkout.again}
          </button>
        }
      >
        <p class="result bad">{w.till.checkout.ended}</p>
      </Sheet>
    );
  const rows = (me?.bookings ?? []).filter((row) => row.booking in checkout.deadlines).sort(by_deadline);
  const first = Math.min(...Object.values(checkout.deadlines));
  const place = () => live.ask({ type: "checkout.place", checkout: checkout.checkout });
  return (
    <Sheet
      title={w.till.checkout.title}
      side={<Countdown until_ms={checkout.ends_at_ms} label={w.till.checkout.time} over={w.mine.over} />}
      back={again}
      step="checkout"
      foot={
        <>
          <p class="foot-sum">
            <span>{w.till.checkout.total}</span>
            <strong>{f.money(checkout.total, checkout.currency)}</strong>
          </p>
          <button
            type="button"
            class={placing ? "button big busy" : "button big"}
            disabled={placing !== undefined}
            data-act="place"
            onClick={place}
          >
            {placing
              ? placing.phase === "unknown"
                ? w.status.unknown
                : placing.phase === "waiting"
                  ? w.status.waiting_to_send
                  : w.till.checkout.placing
              : w.till.checkout.place}
          </button>
        </>
      }
    >
      <p class="hint">
        {w.till.checkout.bookings_time} <Countdown until_ms={first} over={w.mine.over} />
      </p>
      <Lines lines={rows.map((row) => ({ ...row, key: row.booking }))} currency={checkout.currency} />
      <Totals {...checkout} />
    </Sheet>
  );
}
