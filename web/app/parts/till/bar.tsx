// The way to the till: check out what is booked, pay what is ordered, see all orders.

import { most_urgent } from "../../core/orders";
import { Countdown } from "../countdown";
import { useStage } from "../stage";

export function TillBar() {
  const { live, w, f } = useStage();
  const { me, till } = live.state.value;
  if (!me) return null;
  const bookings = me.bookings.length;
  const unpaid = most_urgent(till);
  if (bookings === 0 && till.orders.size === 0) return null;
  const sum = me.bookings.reduce((total, row) => total + row.price * row.qty, 0);
  const currency = me.bookings[0]?.currency ?? "IDR";
  const go = () => (live.sheet.value = { kind: running(till.checkout, live.now.peek()) ? "checkout" : "select" });
  return (
    <div class="till-bar">
      {bookings > 0 && (
        <button type="button" class={unpaid ? "button second" : "button"} data-act="checkout" onClick={go}>
          <span>{w.till.check_out(f.number(bookings))}</span>
          <span class="sum">{f.money(sum, currency)}</span>
        </button>
      )}
      {unpaid && (
        <button
          type="button"
          class="button"
          data-act="pay-now"
          onClick={() => (live.sheet.value = { kind: "order", order: unpaid.order })}
        >
          <span>{w.till.pay_now}</span>
          {unpaid.deadline_ms !== null && <Countdown until_ms={unpaid.deadline_ms} over={w.mine.over} />}
        </button>
      )}
      {till.orders.size > 0 && (
        <button
          type="button"
          class="button second"
          data-act="orders"
          onClick={() => (live.sheet.value = { kind: "orders" })}
        >
          <span>{w.till.orders_button}</span>
          <span class="sum">{f.number(till.orders.size)}</span>
        </button>
      )}
    </div>
  );
}

const running = (checkout: { ends_at_ms: number } | null, now_ms: number): boolean =>
  checkout !== null && checkout.ends_at_ms > now_ms;
