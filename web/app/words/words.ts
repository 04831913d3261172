// What the pages say, as a type: a language that lacks a sentence does not compile.

import { ORDER_STATES, type OrderState } from "../core/order-wire";
import type { Format } from "./format";
import type { TillWords } from "./till/till";

/** Every refusal code of the wire contract, in its order of precedence. */
export const REFUSAL_CODES = [
  "unauthorized",
  "forbidden",
  "invalid",
  "rate_limited",
  "stale_epoch",
  "live_not_found",
  "drop_not_found",
  "drop_not_open",
  "drop_paused",
  "sku_inactive",
  "restricted",
  "reputation_low",
  "max_item_qty",
  "cart_limit",
  "customer_limit",
  "booking_cap",
  "rebook_cooldown",
  "sold_out",
  "not_held",
  "deadline_passed",
  "not_yours",
  "order_not_payable",
  "order_state",
  "checkout_ended",
  "not_arrived",
  "idempotency_conflict",
  "below_committed",
  "digital_cannot_track",
  "managed_by_shared_inventory",
  "cooldown",
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** The details of a refusal, read forgivingly: a missing number is null. */
export interface Detail {
  field: string | null;
  limit: number | null;
  max_allowed: number | null;
  available: number | null;
  waiting: number | null;
  reputation: number | null;
  needed: number | null;
  committed: number | null;
  retry_ms: number | null;
  retry_at_ms: number | null;
  final_state: string | null;
  /** The state an order is in. */
  state: OrderState | null;
}

export type Sentence = (detail: Detail, format: Format) => string;

export interface Words {
  language: string;
  refusals: Record<RefusalCode, Sentence>;
  /** A code this page does not know and the server gave no message for. */
  refused_otherwise: (code: string) => string;

  status: {
    connecting: string;
    offline: (seconds: number) => string;
    busy: (seconds: number) => string;
    retry_now: string;
    unknown: string;
    waiting_to_send: string;
    ended_token: string;
    ended_forbidden: string;
    ended_not_found: string;
    ended_refused_frame: string;
    as_guest: string;
  };

  drop: {
    region: string;
    left: (units: string) => string;
    of: (left: string, total: string) => string;
    booked: (units: string) => string;
    always_ready: string;
    sold_out: string;
    few_left: (units: string) => string;
    stock: string;
    book: string;
    book_units: (qty: string) => string;
    booking: string;
    join_waitlist: string;
    joining: string;
    waiting_units: (units: string) => string;
    quantity: string;
    fewer: string;
    more: string;
    paused: string;
    closed: string;
    opens_in: (span: string) => string;
    ends_in: (span: string) => string;
    limit: (units: string) => string;
    guest: string;
    restricted: string;
    pinned: string;
    none: string;
    ended: string;
    state: Record<"scheduled" | "open" | "paused" | "closed", string>;
  };

  mine: {
    title: string;
    none: string;
    time_left: string;
    over: string;
    cancel: string;
    cancelling: string;
    confirm: (qty: string, title: string) => string;
    costs: (points: string) => string;
    may_cost: string;
    keep: string;
    do_cancel: string;
    ahead: (units: string) => string;
    next: string;
    leave: string;
    leaving: string;
    from_waitlist: string;
    show_all: (count: string) => string;
    show_less: string;
    total: string;
  };

  till: TillWords;
  viewers: (count: string) => string;
  reputation: (points: string) => string;
  reputation_short: string;

  told: {
    held: (qty: string, title: string, span: string) => string;
    partly_waiting: (qty: string) => string;
    waiting: (qty: string, ahead: string) => string;
    cancelled: (points: number, reputation: string) => string;
    left: string;
    done: string;
    promoted: (qty: string, title: string, span: string) => string;
    expired: (title: string, points: number) => string;
    host_cancelled: (title: string, reason: string) => string;
    ordered: (title: string) => string;
    restored: string;
    dismiss: string;
  };

  ticker: (name: string, qty: string, title: string) => string;
  video: { label: string; demo: string; none: string; unmute: string; failed: string };
  choose_language: string;

  home: {
    title: string;
    intro: string;
    lives: string;
    none: string;
    watch: string;
    overlay: string;
    host: string;
    live_now: string;
    ended: string;
    failed: string;
    links_need_token: string;
  };
  missing: { title: string; text: string; home: string };

  host: {
    title: string;
    not_host: string;
    connections: (count: string) => string;
    booked_total: (count: string) => string;
    sections: { drops: string; open: string; bookings: string; waiters: string; chart: string; catalog: string };
    search: string;
    search_hint: string;
    no_result: string;
    more: string;
    choose: string;
    chosen: string;
    sku: string;
    price: string;
    price_hint: (price: string) => string;
    units: string;
    units_all: string;
    units_count: string;
    mode: string;
    shared: string;
    shared_hint: string;
    carved: string;
    carved_hint: string;
    limit: string;
    limit_hint: string;
    minutes: string;
    minutes_hint: string;
    hold_minutes: string;
    hold_minutes_hint: string;
    pin_it: string;
    open: string;
    opening: string;
    pause: string;
    resume: string;
    close: string;
    close_confirm: string;
    withdraw: string;
    pin: string;
    unpin: string;
    extend: string;
    extend_by: (minutes: string) => string;
    stock_title: string;
    stock_add: string;
    stock_set: string;
    stock_qty: string;
    stock_on_hand: string;
    reason: string;
    reason_default: string;
    save: string;
    force_explain: (committed: string) => string;
    force: string;
    back: string;
    available: string;
    reserved: string;
    booked: string;
    allocated: string;
    sold: string;
    shortage: string;
    unlimited: string;
    inactive: string;
    preorder: string;
    digital: string;
    combination: string;
    customer: string;
    item: string;
    qty: string;
    time_left: string;
    state: string;
    since: string;
    states: Record<"held" | "ordered" | "cancelled" | "expired", string>;
    cancel_booking: string;
    cancel_confirm: (customer: string) => string;
    restrict: string;
    unrestrict: string;
    restricted: string;
    no_bookings: string;
    no_waiters: string;
    no_drops: string;
    show_over: string;
    chart_bookings: string;
    chart_viewers: string;
    chart_label: (bookings: string, viewers: string) => string;
    shortage_warning: (count: string) => string;
  };
}

/** The code of a refusal, if this page has a sentence for it. */
export function is_refusal_code(code: string): code is RefusalCode {
  return (REFUSAL_CODES as readonly string[]).includes(code);
}

export function detail_of(refusal: Record<string, unknown>): Detail {
  const number = (name: string): number | null =>
    typeof refusal[name] === "number" ? (refusal[name] as number) : null;
  const text = (name: string): string | null => (typeof refusal[name] === "string" ? (refusal[name] as string) : null);
  return {
    field: text("field"),
    limit: number("limit"),
    max_allowed: number("max_allowed"),
    available: number("available"),
    waiting: number("waiting"),
    reputation: number("reputation"),
    needed: number("needed"),
    committed: number("committed"),
    retry_ms: number("retry_ms"),
    retry_at_ms: number("retry_at_ms"),
    final_state: text("final_state"),
    state: ORDER_STATES.find((state) => state === text("state")) ?? null,
  };
}

/** A refusal as a sentence: ours where the code is known, else the server's message, else the code. */
export function sentence(
  words: Words,
  format: Format,
  refusal: { code: string; message?: string; [detail: string]: unknown },
): string {
  if (is_refusal_code(refusal.code)) return words.refusals[refusal.code](detail_of(refusal), format);
  return refusal.message || words.refused_otherwise(refusal.code);
}
