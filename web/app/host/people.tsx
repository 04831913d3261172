// Who has booked and who waits, as it happens.

import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { BookingRow } from "../core/wire";
import { Countdown } from "../parts/countdown";
import { useStage } from "../parts/stage";

/** Rows drawn; the newest. A table of thousands helps nobody during a live. */
const ROWS_MAX = 150;

export function Bookings() {
  const { live, w, f } = useStage();
  const over = useSignal(false);
  const rows = useComputed(() =>
    [...(live.state.value.host?.bookings.values() ?? [])]
      .filter((row) => over.value || row.state === "held")
      .sort((a, b) => b.booked_at_ms - a.booked_at_ms),
  ).value;
  return (
    <section class="card panel bookings" aria-label={w.host.sections.bookings}>
      <header class="panel-head">
        <h2>
          {w.host.sections.bookings} <span class="count">{f.number(rows.length)}</span>
        </h2>
        <label class="check">
          <input
            type="checkbox"
            checked={over.value}
            onChange={(event) => (over.value = event.currentTarget.checked)}
          />{" "}
          {w.host.show_over}
        </label>
      </header>
      {rows.length === 0 ? (
        <p class="hint">{w.host.no_bookings}</p>
      ) : (
        <ScrollBox label={w.host.sections.bookings}>
          <table>
            <thead>
              <tr>
                <th scope="col">{w.host.customer}</th>
                <th scope="col">{w.host.item}</th>
                <th scope="col" class="num">
                  {w.host.qty}
                </th>
                <th scope="col" class="num">
                  {w.host.time_left}
                </th>
                <th scope="col">
                  <span class="hidden">{w.host.cancel_booking}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, ROWS_MAX).map((row) => (
                <Booking key={row.booking} row={row} />
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </section>
  );
}

/** A box that scrolls must be reachable by keyboard. */
function ScrollBox({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box is operated with the arrow keys
    <section class="scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}

function Booking({ row }: { row: BookingRow }) {
  const { live, w, f } = useStage();
  const asking = useSignal(false);
  const title = live.state.value.drops.get(row.drop)?.title ?? row.sku;
  const busy = live.pending.value.some(
    ({ request }) => request.type === "booking.cancel" && request.booking === row.booking,
  );
  if (asking.value) {
    return (
      <tr class="asking">
        <td colSpan={5}>
          <p>{w.host.cancel_confirm(row.customer)}</p>
          <div class="pair">
            <button type="button" class="button small plain" onClick={() => (asking.value = false)}>
              {w.mine.keep}
            </button>
            <button
              type="button"
              class="button small danger"
              onClick={() => {
                asking.value = false;
                live.ask({ type: "booking.cancel", booking: row.booking, reason: w.host.title });
              }}
            >
              {w.mine.do_cancel}
            </button>
          </div>
        </td>
      </tr>
    );
  }
  return (
    <tr class={`is-${row.state}`} data-booking={row.booking}>
      <td>
        <Customer customer={row.customer} />
      </td>
      <td>{title}</td>
      <td class="num">{f.number(row.qty)}</td>
      <td class="num">
        {row.state === "held" ? <Countdown until_ms={row.deadline_ms} over={w.mine.over} /> : w.host.states[row.state]}
      </td>
      <td class="num">
        {row.state === "held" && (
          <button
            type="button"
            class="button small plain"
            disabled={busy}
            aria-label={`${w.host.cancel_booking}: ${row.customer}`}
            onClick={() => (asking.value = true)}
          >
            {w.host.cancel_booking}
          </button>
        )}
      </td>
    </tr>
  );
}

/** Name, reputation, and the restriction that can be set or lifted. */
export function Customer({ customer }: { customer: string }) {
  const { live, w, f } = useStage();
  const known = live.state.value.host?.customers.get(customer);
  const restricted = known?.restricted ?? false;
  return (
    <details class="customer">
      <summary>
        <span class="row-title">{customer}</span>
        {known && <span class={known.reputation < 40 ? "points low" : "points"}>{f.number(known.reputation)}</span>}
        {restricted && <span class="tag bad">{w.host.restricted}</span>}
      </summary>
      <button
        type="button"
        class="button small plain"
        aria-label={`${restricted ? w.host.unrestrict : w.host.restrict}: ${customer}`}
        onClick={() => live.ask({ type: "customer.restrict", customer, restricted: !restricted })}
      >
        {restricted ? w.host.unrestrict : w.host.restrict}
      </button>
    </details>
  );
}

export function Waiters() {
  const { live, w, f } = useStage();
  const rows = useComputed(() =>
    [...(live.state.value.host?.waiters.values() ?? [])].sort((a, b) => a.since_ms - b.since_ms),
  ).value;
  return (
    <section class="card panel waiters" aria-label={w.host.sections.waiters}>
      <h2>
        {w.host.sections.waiters} <span class="count">{f.number(rows.length)}</span>
      </h2>
      {rows.length === 0 ? (
        <p class="hint">{w.host.no_waiters}</p>
      ) : (
        <ScrollBox label={w.host.sections.waiters}>
          <table>
            <thead>
              <tr>
                <th scope="col">{w.host.customer}</th>
                <th scope="col">{w.host.item}</th>
                <th scope="col" class="num">
                  {w.host.qty}
                </th>
                <th scope="col" class="num">
                  {w.host.since}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, ROWS_MAX).map((row) => (
                <tr key={`${row.drop}\n${row.sku}\n${row.customer}`}>
                  <td>
                    <Customer customer={row.customer} />
                  </td>
                  <td>{live.state.value.drops.get(row.drop)?.title ?? row.sku}</td>
                  <td class="num">{f.number(row.qty)}</td>
                  <td class="num">{f.time(row.since_ms)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </section>
  );
}
