// What a page knows of a live: a pure reducer over the server's messages.
//
// Stock values are absolute and cover the positions (p, s]: a frame is applied only if p ≤ last ≤ s; one that
// starts after the last position is a gap, and the answer to a gap is a fresh snapshot, never a guess.

import { uuid_time_ms } from "./ids";
import type { Checkout, Ordered, OrderNews } from "./order-wire";
import {
  checkout_left,
  checkout_started,
  empty_book,
  empty_till,
  merge_orders,
  type OrderBook,
  order_told,
  payment_started,
  placed,
  type Till,
  till_from_me,
} from "./orders";
import type {
  Activity,
  BookingNews,
  BookingRow,
  Cancelled,
  CatalogRow,
  CustomerRow,
  Drop,
  Held,
  Item,
  Live,
  Me,
  OwnBooking,
  OwnWait,
  Position,
  ServerMessage,
  Snapshot,
  Stock,
  TickerRow,
  WaiterRow,
  Waiting,
} from "./wire";

export interface HostView {
  catalog: ReadonlyMap<string, CatalogRow>;
  bookings: ReadonlyMap<string, BookingRow>;
  waiters: ReadonlyMap<string, WaiterRow>;
  customers: ReadonlyMap<string, CustomerRow>;
  orders: OrderBook;
  booked_total: number;
  connections: number;
}

export interface LiveState {
  /** Up to where stock is known; null before the first snapshot. */
  position: Position | null;
  /** Up to where `me` was told by a welcome. */
  me_position: Position | null;
  live: Live | null;
  drops: ReadonlyMap<string, Drop>;
  /** Position of the newest drop event applied, by drop. */
  drop_seq: ReadonlyMap<string, number>;
  /** By `item_key`. */
  items: ReadonlyMap<string, Item>;
  viewers: number;
  me: Me | null;
  /** Own bookings that are over: a late replay must not bring them back. */
  over: ReadonlySet<string>;
  /** Own checkout, orders and payments. */
  till: Till;
  ticker: readonly (TickerRow & { key: number })[];
  host: HostView | null;
}

export interface Step {
  state: LiveState;
  /** The client lost the thread: it must ask for a snapshot. */
  resync: boolean;
}

export const nothing: LiveState = {
  position: null,
  me_position: null,
  live: null,
  drops: new Map(),
  drop_seq: new Map(),
  items: new Map(),
  viewers: 0,
  me: null,
  over: new Set(),
  till: empty_till,
  ticker: [],
  host: null,
};

const TICKER_ROWS_MAX = 30;
/** Bookings that are over are kept in the host's list up to this many. */
const HISTORY_ROWS_MAX = 300;

export const item_key = (drop: string, sku: string): string => `${drop}\n${sku}`;
const waiter_key = (row: { drop: string; sku: string; customer: string }): string =>
  `${row.drop}\n${row.sku}\n${row.customer}`;

export function reduce(state: LiveState, message: ServerMessage): Step {
  switch (message.type) {
    case "welcome":
      if (message.snapshot) return keep(from_snapshot(state, message.snapshot, message.position));
      if (state.position === null) return { state, resync: true };
      return keep({
        ...state,
        me: message.me === undefined ? state.me : message.me,
        till: message.me === undefined ? state.till : till_from_me(state.till, message.me),
        me_position: message.me === undefined ? state.me_position : message.position,
      });
    case "resync":
      return keep(from_snapshot(state, message.snapshot, message.position ?? null));
    case "stock":
      return stock(state, message);
    case "drop":
      return drop_news(state, message.drop, message.epoch, message.s);
    case "viewers":
      return keep({ ...state, viewers: message.count });
    case "ticker":
      return keep({ ...state, ticker: ticker(state.ticker, message.bookings) });
    case "activity":
      return keep(activity(state, message));
    case "held":
      return keep(held(state, message));
    case "waiting":
      return keep(with_me(state, (me) => ({ ...me, waiting: place(me.waiting, message) })));
    case "left":
      return keep(with_me(state, (me) => ({ ...me, waiting: me.waiting.filter((wait) => !same(wait, message)) })));
    case "cancelled":
      return keep(cancelled(state, message));
    case "booking":
      return keep(booking_news(state, message));
    case "reputation":
      return keep(with_me(state, (me) => ({ ...me, reputation: message.reputation })));
    case "checkout":
      return keep(checkout(state, message));
    case "checkout.left":
      return keep({ ...state, till: checkout_left(state.till, message.checkout) });
    case "ordered":
      return keep(ordered(state, message));
    case "payment":
      return keep({ ...state, till: payment_started(state.till, message) });
    case "order":
      return keep(order_news(state, message));
    case "done":
    case "refused":
    case "unknown":
    case "error":
    case "drain":
      return keep(state);
    default:
      // A message type of a newer server: fields and types may be added.
      return keep(state);
  }
}

const keep = (state: LiveState): Step => ({ state, resync: false });

const same = (a: { drop: string; sku: string }, b: { drop: string; sku: string }): boolean =>
  a.drop === b.drop && a.sku === b.sku;

function with_me(state: LiveState, change: (me: Me) => Me): LiveState {
  return state.me === null ? state : { ...state, me: change(state.me) };
}

function from_snapshot(before: LiveState, snapshot: Snapshot, position: Position | null): LiveState {
  return {
    position: position ?? before.position,
    me_position: position ?? before.me_position,
    live: snapshot.live,
    drops: new Map(snapshot.drops.map((drop) => [drop.drop, drop])),
    drop_seq: new Map(),
    items: new Map(snapshot.items.map((item) => [item_key(item.drop, item.sku), item])),
    viewers: snapshot.viewers,
    me: snapshot.me,
    over: before.over,
    till: till_from_me(before.till, snapshot.me),
    ticker: before.ticker,
    host: snapshot.catalog ? host_view(snapshot, before.host) : null,
  };
}

function host_view(snapshot: Snapshot, before: HostView | null): HostView {
  return {
    catalog: new Map((snapshot.catalog ?? []).map((row) => [row.sku, row])),
    bookings: new Map((snapshot.bookings ?? []).map((row) => [row.booking, row])),
    waiters: new Map((snapshot.waiters ?? []).map((row) => [waiter_key(row), row])),
    customers: new Map((snapshot.customers ?? []).map((row) => [row.customer, row])),
    orders: merge_orders(empty_book, snapshot.orders, snapshot.orders_by_state),
    booked_total: snapshot.booked_total ?? before?.booked_total ?? 0,
    connections: snapshot.connections ?? before?.connections ?? 0,
  };
}

function stock(state: LiveState, frame: Stock): Step {
  const last = state.position;
  if (last === null) return { state, resync: true };
  if (frame.epoch < last.epoch) return keep(state);
  if (frame.epoch > last.epoch || last.seq < frame.p) return { state, resync: true };
  if (frame.s < last.seq) return keep(state);
  const items = new Map(state.items);
  for (const item of frame.items) items.set(item_key(item.drop, item.sku), item);
  return keep({ ...state, items, position: { epoch: frame.epoch, seq: frame.s } });
}

/** A drop event does not move the position: stock changes before it may still be on their way. */
function drop_news(state: LiveState, drop: Drop, epoch: number, seq: number): Step {
  const last = state.position;
  if (last === null || epoch > last.epoch) return { state, resync: true };
  if (epoch < last.epoch || seq < (state.drop_seq.get(drop.drop) ?? 0)) return keep(state);
  return keep({
    ...state,
    drops: new Map(state.drops).set(drop.drop, drop),
    drop_seq: new Map(state.drop_seq).set(drop.drop, seq),
  });
}

let ticker_key = 0;

function ticker(rows: LiveState["ticker"], news: readonly TickerRow[]): LiveState["ticker"] {
  const fresh = news.map((row) => ({ ...row, key: ++ticker_key }));
  return [...rows, ...fresh].slice(-TICKER_ROWS_MAX);
}

function place(waiting: readonly OwnWait[], told: Waiting): OwnWait[] {
  const others = waiting.filter((wait) => !same(wait, told));
  if (told.qty <= 0) return others;
  const before = waiting.find((wait) => same(wait, told));
  return [...others, { ...before, drop: told.drop, sku: told.sku, qty: told.qty, ahead_units: told.ahead_units }];
}

function held(state: LiveState, answer: Held): LiveState {
  const { me } = state;
  if (me === null || state.over.has(answer.booking)) return state;
  if (me.bookings.some((booking) => booking.booking === answer.booking)) return state;
  // `me` was told at a later position and does not have it: it has ended meanwhile.
  const told = state.me_position;
  if (told && told.epoch === answer.epoch && answer.s <= told.seq) return state;
  const drop = state.drops.get(answer.drop);
  const booking: OwnBooking = {
    booking: answer.booking,
    drop: answer.drop,
    sku: answer.sku,
    title: answer.title ?? drop?.title ?? answer.sku,
    qty: answer.qty,
    price: answer.price,
    currency: answer.currency ?? drop?.currency ?? state.live?.currency ?? "IDR",
    deadline_ms: answer.deadline_ms,
    state: "held",
    origin: "tap",
    booked_at_ms: answer.booked_at_ms ?? 0,
    penalty: answer.penalty,
  };
  const waiting = me.waiting;
  const rest = answer.qty_waiting ?? 0;
  return {
    ...state,
    me: {
      ...me,
      bookings: [...me.bookings, booking],
      waiting:
        rest > 0
          ? place(waiting, {
              type: "waiting",
              drop: answer.drop,
              sku: answer.sku,
              qty: rest,
              ahead_units: waiting.find((wait) => same(wait, answer))?.ahead_units ?? 0,
            })
          : waiting,
    },
  };
}

/** The pages only cancel whole bookings, so the answer to an own cancel ends the booking. */
function cancelled(state: LiveState, answer: Cancelled): LiveState {
  return end_booking(
    with_me(state, (me) => ({ ...me, reputation: answer.reputation })),
    answer.booking,
  );
}

function end_booking(state: LiveState, booking: string): LiveState {
  if (state.over.has(booking)) return state;
  const over = new Set(state.over).add(booking);
  return with_me({ ...state, over }, (me) => ({
    ...me,
    bookings: me.bookings.filter((row) => row.booking !== booking),
  }));
}

/** The checkout may have prolonged its bookings. */
function checkout(state: LiveState, answer: Checkout): LiveState {
  const later = with_me(state, (me) => ({
    ...me,
    bookings: me.bookings.map((row) => ({ ...row, deadline_ms: answer.deadlines[row.booking] ?? row.deadline_ms })),
  }));
  return { ...later, till: checkout_started(state.till, answer) };
}

function ordered(state: LiveState, answer: Ordered): LiveState {
  if (state.me === null) return state;
  const bookings = state.till.checkout?.checkout === answer.order ? Object.keys(state.till.checkout.deadlines) : [];
  const till = placed(state.till, answer, state.me, uuid_time_ms(answer.id));
  return bookings.reduce(end_booking, { ...state, till });
}

function order_news(state: LiveState, news: OrderNews): LiveState {
  const { order: row } = news;
  if (state.me === null || row.customer !== state.me.customer) return state;
  const bookings = row.lines.flatMap((line) => (line.booking === null ? [] : [line.booking]));
  return bookings.reduce(end_booking, { ...state, till: order_told(state.till, news) });
}

function booking_news(state: LiveState, news: BookingNews): LiveState {
  const known = with_me(state, (me) => ({ ...me, reputation: news.reputation ?? me.reputation }));
  switch (news.event) {
    case "promoted":
    case "held":
      return gained(known, news);
    case "extended":
      return map_booking(known, news.booking, (row) => ({ ...row, deadline_ms: news.deadline_ms }));
    case "expired":
    case "ordered":
      return end_booking(known, news.booking);
    case "cancelled": {
      const left = (known.me?.bookings.find((row) => row.booking === news.booking)?.qty ?? 0) - news.qty;
      if (left <= 0) return end_booking(known, news.booking);
      return map_booking(known, news.booking, (row) => ({ ...row, qty: left }));
    }
    default:
      return known;
  }
}

function map_booking(state: LiveState, booking: string, change: (row: OwnBooking) => OwnBooking): LiveState {
  return with_me(state, (me) => ({
    ...me,
    bookings: me.bookings.map((row) => (row.booking === booking ? change(row) : row)),
  }));
}

/** Units are held: of a waiter whose turn came, who waits for that much less, or of another window's tap. */
function gained(state: LiveState, news: BookingNews): LiveState {
  if (state.over.has(news.booking)) return state;
  return with_me(state, (me) => {
    const before = me.bookings.find((row) => row.booking === news.booking);
    const served = news.event === "promoted" ? news.qty - (before?.qty ?? 0) : 0;
    const booking: OwnBooking = {
      booking: news.booking,
      drop: news.drop,
      sku: news.sku,
      title: news.title,
      qty: news.qty,
      price: news.price,
      currency: news.currency,
      deadline_ms: news.deadline_ms,
      state: "held",
      origin: news.event === "promoted" ? "waitlist" : "tap",
      booked_at_ms: before?.booked_at_ms ?? 0,
    };
    return {
      ...me,
      bookings: [...me.bookings.filter((row) => row.booking !== news.booking), booking],
      waiting: me.waiting
        .map((wait) => (same(wait, news) ? { ...wait, qty: wait.qty - served } : wait))
        .filter((wait) => wait.qty > 0),
    };
  });
}

function activity(state: LiveState, frame: Activity): LiveState {
  if (state.host === null) return state;
  const { host } = state;
  return {
    ...state,
    host: {
      catalog: merge(host.catalog, frame.catalog, (row) => row.sku),
      bookings: recent(merge(host.bookings, frame.bookings, (row) => row.booking)),
      waiters: without_empty(merge(host.waiters, frame.waiters, waiter_key)),
      customers: merge(host.customers, frame.customers, (row) => row.customer),
      orders: merge_orders(host.orders, frame.orders, frame.orders_by_state),
      booked_total: frame.booked_total ?? host.booked_total,
      connections: frame.connections ?? host.connections,
    },
  };
}

function merge<Row>(
  rows: ReadonlyMap<string, Row>,
  news: readonly Row[] | undefined,
  key: (row: Row) => string,
): ReadonlyMap<string, Row> {
  if (!news || news.length === 0) return rows;
  const merged = new Map(rows);
  for (const row of news) merged.set(key(row), row);
  return merged;
}

function without_empty(rows: ReadonlyMap<string, WaiterRow>): ReadonlyMap<string, WaiterRow> {
  for (const row of rows.values()) {
    if (row.qty <= 0) return new Map([...rows].filter(([, kept]) => kept.qty > 0));
  }
  return rows;
}

/** Every held booking, and the newest of those that are over. */
function recent(rows: ReadonlyMap<string, BookingRow>): ReadonlyMap<string, BookingRow> {
  const over = [...rows.values()].filter((row) => row.state !== "held");
  if (over.length <= HISTORY_ROWS_MAX) return rows;
  const dropped = new Set(
    over
      .sort((a, b) => b.booked_at_ms - a.booked_at_ms)
      .slice(HISTORY_ROWS_MAX)
      .map((row) => row.booking),
  );
  return new Map([...rows].filter(([booking]) => !dropped.has(booking)));
}
