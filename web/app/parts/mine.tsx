// The customer's own bookings and places in waiting lists.

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { OwnBooking, OwnWait } from "../core/wire";
import { Countdown } from "./countdown";
import { useStage } from "./stage";

/** Rows shown before "show all": the one that runs out first. */
const ROWS = 1;

export function Mine() {
  const { live, w, f } = useStage();
  const open = useSignal(false);
  const me = live.state.value.me;
  if (!me || (me.bookings.length === 0 && me.waiting.length === 0)) return null;
  const bookings = [...me.bookings].sort((a, b) => a.deadline_ms - b.deadline_ms);
  const count = bookings.length + me.waiting.length;
  const rows = [
    ...bookings.map((booking) => <Booking key={booking.booking} booking={booking} />),
    ...me.waiting.map((wait) => <Wait key={`${wait.drop}\n${wait.sku}`} wait={wait} />),
  ];
  return (
    <section class="card mine" aria-label={w.mine.title}>
      <header class="mine-head">
        <h2>{w.mine.title}</h2>
        {count > ROWS && (
          <button type="button" class="link" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
            {open.value ? w.mine.show_less : w.mine.show_all(f.number(count))}
          </button>
        )}
      </header>
      <ul class="rows">{open.value ? rows : rows.slice(0, ROWS)}</ul>
    </section>
  );
}

function Booking({ booking }: { booking: OwnBooking }) {
  const { live, w, f } = useStage();
  const asking = useSignal(false);
  const keep = useRef<HTMLButtonElement>(null);
  const under_way = live.pending.value.find(
    ({ request }) => request.type === "cancel" && request.booking === booking.booking,
  );
  useLayoutEffect(() => {
    if (asking.value) keep.current?.focus();
  }, [asking.value]);
  if (asking.value && !under_way) {
    return (
      <li class="row confirm">
        <p>
          {w.mine.confirm(f.number(booking.qty), booking.title)}{" "}
          {booking.penalty === undefined
            ? w.mine.may_cost
            : booking.penalty > 0 && w.mine.costs(f.number(booking.penalty * booking.qty))}
        </p>
        <div class="pair">
          <button type="button" class="button small plain" ref={keep} onClick={() => (asking.value = false)}>
            {w.mine.keep}
          </button>
          <button
            type="button"
            class="button small danger"
            data-act="cancel"
            onClick={() => {
              asking.value = false;
              live.ask({ type: "cancel", booking: booking.booking });
            }}
          >
            {w.mine.do_cancel}
          </button>
        </div>
      </li>
    );
  }
  return (
    <li class="row" data-booking={booking.booking}>
      <div class="row-what">
        <span class="row-title">
          {f.number(booking.qty)} × {booking.title}
        </span>
        <span class="row-side">
          {f.money(booking.price * booking.qty, booking.currency)}
          {booking.origin === "waitlist" && ` · ${w.mine.from_waitlist}`}
          {under_way?.phase === "unknown" && ` · ${w.status.unknown}`}
        </span>
      </div>
      <Countdown until_ms={booking.deadline_ms} over={w.mine.over} label={w.mine.time_left} />
      <button
        type="button"
        class="button small plain"
        disabled={under_way !== undefined}
        aria-label={`${w.mine.cancel}: ${booking.title}`}
        onClick={() => (asking.value = true)}
      >
        {under_way ? w.mine.cancelling : w.mine.cancel}
      </button>
    </li>
  );
}

function Wait({ wait }: { wait: OwnWait }) {
  const { live, w, f } = useStage();
  const title = live.state.value.drops.get(wait.drop)?.title ?? wait.sku;
  const leaving = live.pending.value.some(
    ({ request }) => request.type === "wait.leave" && request.drop === wait.drop && request.sku === wait.sku,
  );
  return (
    <li class="row" data-wait={wait.drop}>
      <div class="row-what">
        <span class="row-title">
          {f.number(wait.qty)} × {title}
        </span>
        <span class="row-side">{wait.ahead_units > 0 ? w.mine.ahead(f.number(wait.ahead_units)) : w.mine.next}</span>
      </div>
      <button
        type="button"
        class="button small plain"
        disabled={leaving}
        aria-label={`${w.mine.leave}: ${title}`}
        onClick={() => live.ask({ type: "wait.leave", drop: wait.drop, sku: wait.sku })}
      >
        {leaving ? w.mine.leaving : w.mine.leave}
      </button>
    </li>
  );
}
