// Own orders and the checkout: pure functions over what the server says of them.

import type {
  Attempt,
  Checkout,
  Method,
  Ordered,
  OrderNews,
  OrderRow,
  OrderState,
  Payment,
  StateCounts,
} from "./order-wire";
import type { Drop, Me, OwnBooking } from "./wire";

export interface Till {
  /** Own orders, by order. */
  orders: ReadonlyMap<string, OrderRow>;
  /** Position of the newest news of each order. */
  order_seq: ReadonlyMap<string, number>;
  /** The checkout that is open. */
  checkout: Checkout | null;
  /** The newest attempt of each order as `payment.start` answered it: it holds what a row does not say. */
  attempts: ReadonlyMap<string, Payment>;
  /** What each order may be paid with, as its checkout offered it. */
  methods: ReadonlyMap<string, readonly Method[]>;
  /** What the shop's orders may be paid with. */
  offered: readonly Method[];
  /** Orders that were seen to be paid after their time was over. */
  revived: ReadonlySet<string>;
}

export const empty_till: Till = {
  orders: new Map(),
  order_seq: new Map(),
  checkout: null,
  attempts: new Map(),
  methods: new Map(),
  offered: ["qris"],
  revived: new Set(),
};

/** Rows that nothing more will happen to are kept up to this many. */
const ENDED_ROWS_MAX = 200;

const ENDED: ReadonlySet<OrderState> = new Set(["finished", "cancelled", "expired", "refunded", "returned"]);

/** Nothing more will happen to it by itself. */
export const is_over = (row: OrderRow): boolean => ENDED.has(row.state) && row.refund_due === 0;

export const newest_first = (rows: Iterable<OrderRow>): OrderRow[] =>
  [...rows].sort((a, b) => b.placed_at_ms - a.placed_at_ms || (a.order < b.order ? 1 : -1));

/** What still has to be paid. */
export const owed = (row: OrderRow): number => row.outstanding ?? Math.max(0, row.total - row.captured);

/** Units of all lines that are still in the order. */
export const units_of = (row: OrderRow): number => row.lines.reduce((sum, line) => sum + line.qty, 0);

/** The last characters of an order's id: enough to tell it on the phone. */
export const short_number = (order: string): string => order.replaceAll("-", "").slice(-8).toUpperCase();

/** `me` came anew: its orders are all there are, and what belongs to none of them is forgotten. */
export function till_from_me(till: Till, me: Me | null): Till {
  if (me?.orders === undefined) return me === null ? empty_till : till;
  const orders = new Map(me.orders.map((row) => [row.order, row]));
  const held = new Set(me.bookings.map((booking) => booking.booking));
  const { checkout } = till;
  const open = checkout && Object.keys(checkout.deadlines).every((booking) => held.has(booking)) ? checkout : null;
  const known = (order: string): boolean => orders.has(order) || order === open?.checkout;
  return {
    orders,
    order_seq: new Map(),
    checkout: open,
    attempts: new Map([...till.attempts].filter(([order]) => known(order))),
    methods: new Map([...till.methods].filter(([order]) => known(order))),
    offered: me.methods ?? till.offered,
    revived: till.revived,
  };
}

export function checkout_started(till: Till, answer: Checkout): Till {
  return { ...till, checkout: answer, methods: new Map(till.methods).set(answer.checkout, answer.methods) };
}

export function checkout_left(till: Till, checkout: string): Till {
  return till.checkout?.checkout === checkout ? { ...till, checkout: null } : till;
}

/** The checkout became an order. Its row follows by itself; until then one is made of what is known. */
export function placed(till: Till, answer: Ordered, me: Me, now_ms: number): Till {
  const { checkout } = till;
  const own = checkout?.checkout === answer.order ? checkout : null;
  const after: Till = { ...till, checkout: own ? null : checkout };
  if (!own || till.orders.has(answer.order)) return after;
  const bookings = me.bookings.filter((row) => row.booking in own.deadlines);
  const row: OrderRow = {
    order: answer.order,
    customer: me.customer,
    state: answer.state,
    placed_at_ms: now_ms,
    deadline_ms: answer.pay_deadline_ms,
    currency: answer.currency,
    goods: own.goods,
    vat: own.vat,
    vat_bp: own.vat_bp,
    total: answer.total,
    captured: 0,
    refund_due: 0,
    refunded: 0,
    method: null,
    payment: null,
    checking: false,
    secured: null,
    origin: "live",
    lines: bookings.map((booking, line) => line_of(booking, line)),
    reason: null,
  };
  return { ...after, orders: new Map(after.orders).set(row.order, row) };
}

const line_of = (booking: OwnBooking, line: number) => ({
  line,
  sku: booking.sku,
  title: booking.title,
  qty: booking.qty,
  ordered: booking.qty,
  price: booking.price,
  booking: booking.booking,
  returned: 0,
});

export function payment_started(till: Till, answer: Payment): Till {
  const attempts = new Map(till.attempts).set(answer.order, answer);
  const row = till.orders.get(answer.order);
  if (row?.state !== "awaiting_payment" || row.payment?.payment === answer.payment) return { ...till, attempts };
  const payment: Attempt = { ...attempt_of(answer), status: "pending" };
  const orders = new Map(till.orders).set(row.order, { ...row, method: answer.method, payment });
  return { ...till, attempts, orders };
}

const attempt_of = (answer: Payment): Omit<Attempt, "status"> => ({
  payment: answer.payment,
  method: answer.method,
  expires_at_ms: answer.expires_at_ms,
  qr: answer.qr,
  qr_rows: answer.qr_rows,
  url: answer.url,
  instructions: answer.instructions,
  sandbox: answer.sandbox,
});

/** News of an own order; older than what is known, it changes nothing. */
export function order_told(till: Till, news: OrderNews): Till {
  const { order } = news.order;
  if (news.s < (till.order_seq.get(order) ?? 0)) return till;
  const before = till.orders.get(order)?.state;
  const revived = news.order.state === "paid" && (before === "expired" || before === "late_wait");
  return {
    ...till,
    orders: new Map(till.orders).set(order, news.order),
    order_seq: new Map(till.order_seq).set(order, news.s),
    checkout: till.checkout?.checkout === order ? null : till.checkout,
    revived: revived ? new Set(till.revived).add(order) : till.revived,
  };
}

/** The newest attempt of an order: the row says how it stands, the answer what there is to show. */
export function attempt(till: Till, row: OrderRow): Attempt | null {
  if (!row.payment) return null;
  const answer = till.attempts.get(row.order);
  if (answer?.payment !== row.payment.payment) return row.payment;
  const { payment } = row;
  return {
    ...attempt_of(answer),
    ...payment,
    qr: payment.qr ?? answer.qr,
    qr_rows: payment.qr_rows ?? answer.qr_rows,
    url: payment.url ?? answer.url,
    instructions: payment.instructions ?? answer.instructions,
    sandbox: payment.sandbox ?? answer.sandbox,
  };
}

/** What an unpaid order may be paid with: as its checkout says, or else the shop. */
export function methods_of(till: Till, row: OrderRow): readonly Method[] {
  return till.methods.get(row.order) ?? till.offered;
}

/** choose a method · show the attempt · it ran out or failed · nothing to pay. */
export type PayStep = "choose" | "show" | "ran_out" | "failed" | "none";

export function pay_step(row: OrderRow, shown: Attempt | null, now_ms: number): PayStep {
  if (row.state !== "awaiting_payment") return "none";
  if (!shown) return "choose";
  switch (shown.status) {
    case "pending":
      return shown.expires_at_ms !== null && shown.expires_at_ms <= now_ms ? "ran_out" : "show";
    case "failed":
      return "failed";
    case "expired":
      return "ran_out";
    default:
      return owed(row) > 0 ? "choose" : "none";
  }
}

/** The order that wants money first; null if none does. */
export function most_urgent(till: Till): OrderRow | null {
  const unpaid = [...till.orders.values()].filter((row) => row.state === "awaiting_payment");
  return unpaid.sort((a, b) => (a.deadline_ms ?? Infinity) - (b.deadline_ms ?? Infinity))[0] ?? null;
}

/** The picture of a SKU, as far as a drop of this live shows one. */
export function picture_of(drops: ReadonlyMap<string, Drop>, sku: string): string | null {
  for (const drop of drops.values()) if (drop.sku === sku) return drop.image;
  return null;
}

// -- the host's side

export interface OrderBook {
  rows: ReadonlyMap<string, OrderRow>;
  by_state: StateCounts;
}

export const empty_book: OrderBook = { rows: new Map(), by_state: {} };

/** Rows of an activity frame are merged by order; counts are absolute. */
export function merge_orders(
  book: OrderBook,
  rows: readonly OrderRow[] | undefined,
  by_state?: StateCounts,
): OrderBook {
  if (!rows?.length) return by_state ? { ...book, by_state } : book;
  const merged = new Map(book.rows);
  for (const row of rows) merged.set(row.order, row);
  return { rows: without_old(merged), by_state: by_state ?? book.by_state };
}

function without_old(rows: Map<string, OrderRow>): Map<string, OrderRow> {
  const over = newest_first(rows.values()).filter(is_over);
  for (const row of over.slice(ENDED_ROWS_MAX)) rows.delete(row.order);
  return rows;
}

/** Tabs of the host's board. */
export const SHELVES = ["awaiting_payment", "late_wait", "confirmed", "paid", "shipped", "refunds", "ended"] as const;

export type Shelf = (typeof SHELVES)[number];

export function on_shelf(row: OrderRow, shelf: Shelf): boolean {
  if (shelf === "refunds") return row.refund_due > 0 || row.state === "refund_due";
  if (shelf === "ended") return ENDED.has(row.state);
  return row.state === shelf;
}

/** How many orders a tab holds: as the server counts them, which may be more than there are rows. */
export function shelf_count(book: OrderBook, shelf: Shelf): number {
  const rows = [...book.rows.values()].filter((row) => on_shelf(row, shelf)).length;
  const count = (state: OrderState): number => book.by_state[state] ?? 0;
  if (shelf === "ended")
    return Math.max(
      rows,
      [...ENDED].reduce((sum, state) => sum + count(state), 0),
    );
  if (shelf === "refunds") return Math.max(rows, count("refund_due"));
  return book.by_state[shelf] ?? rows;
}

export type HostAct = "confirm" | "pay" | "ship" | "finish" | "refuse" | "return" | "refund" | "cancel";

/** What a host can do with an order now, in the order of the buttons. */
export function acts(row: OrderRow): HostAct[] {
  const found: HostAct[] = [];
  const owes = owed(row) > 0;
  if (row.state === "awaiting_payment") found.push("pay", "confirm");
  if (row.state === "confirmed") found.push("ship", ...(owes ? (["pay"] as const) : []));
  if (row.state === "paid") found.push("ship");
  if (row.state === "shipped") {
    found.push("finish");
    if (row.secured && owes) found.push("pay");
    if (row.secured === "cod") found.push("refuse");
  }
  if (row.refund_due > 0) found.unshift("refund");
  const with_customer = row.lines.some((line) => line.qty > line.returned);
  if ((row.state === "finished" || row.state === "shipped") && with_customer) found.push("return");
  if (["awaiting_payment", "confirmed", "paid", "late_wait"].includes(row.state)) found.push("cancel");
  return found;
}
