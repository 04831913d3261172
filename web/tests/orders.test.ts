// Own orders, the checkout, and the host's board: what the reducers make of the wire.

import { describe, expect, test } from "vitest";
import type { Checkout, Ordered, OrderNews, OrderRow, OrderState, Payment } from "../app/core/order-wire";
import {
  acts,
  attempt,
  methods_of,
  most_urgent,
  newest_first,
  on_shelf,
  pay_step,
  SHELVES,
  shelf_count,
  short_number,
} from "../app/core/orders";
import { keep, kept } from "../app/core/sheet";
import { type LiveState, nothing, reduce } from "../app/core/state";
import type { ServerMessage } from "../app/core/wire";
import { booking, MemoryShelf, me, recovered, snapshot, welcome } from "./fakes";

const fold = (...messages: ServerMessage[]): LiveState => more(nothing, ...messages);
const more = (start: LiveState, ...messages: ServerMessage[]): LiveState =>
  messages.reduce<LiveState>((state, message) => reduce(state, message).state, start);

const ORDER = "0199a000-0000-7000-8000-0000000000aa";

const row = (change: Partial<OrderRow> = {}): OrderRow => ({
  order: ORDER,
  customer: "alice",
  state: "awaiting_payment",
  placed_at_ms: 1_500_000,
  deadline_ms: 9_000_000,
  currency: "IDR",
  goods: 198_000,
  vat: 21_780,
  total: 219_780,
  captured: 0,
  refund_due: 0,
  refunded: 0,
  method: null,
  payment: null,
  checking: false,
  secured: null,
  origin: "live",
  lines: [{ line: 0, sku: "KAOS-M", title: "Kaos M", qty: 2, ordered: 2, price: 99_000, booking: "b1", returned: 0 }],
  reason: null,
  ...change,
});

const news = (s: number, order: OrderRow, event: OrderNews["event"] = "changed"): OrderNews => ({
  type: "order",
  event,
  order,
  reason: null,
  epoch: 1,
  s,
});

const checkout: Checkout = {
  type: "checkout",
  id: "c1",
  checkout: ORDER,
  ends_at_ms: 3_000_000,
  deadlines: { b1: 3_000_000 },
  goods: 198_000,
  vat: 21_780,
  vat_bp: 1100,
  total: 219_780,
  currency: "IDR",
  methods: ["qris", "cod"],
};

const ordered: Ordered = {
  type: "ordered",
  id: "0199a000-0000-7000-8000-000000000001",
  order: ORDER,
  total: 219_780,
  currency: "IDR",
  pay_deadline_ms: 9_000_000,
  state: "awaiting_payment",
  s: 110,
  epoch: 1,
};

const payment: Payment = {
  type: "payment",
  id: "p1",
  order: ORDER,
  payment: "sandbox/1",
  method: "qris",
  expires_at_ms: 5_000_000,
  pay_deadline_ms: 9_000_000,
  amount: 219_780,
  currency: "IDR",
  qr: "0002…",
  qr_rows: ["1"],
  url: null,
  instructions: null,
  sandbox: true,
};

const with_booking = (orders: OrderRow[] = []) =>
  welcome({ snapshot: snapshot({ me: me({ bookings: [booking({ qty: 2 })], orders }) }) });

describe("checkout", () => {
  test("prolongs its bookings and remembers what may be paid with", () => {
    const state = fold(with_booking(), checkout);
    expect(state.me?.bookings[0]?.deadline_ms).toBe(3_000_000);
    expect(state.till.checkout?.total).toBe(219_780);
    expect(methods_of(state.till, row())).toEqual(["qris", "cod"]);
  });

  test("left: the bookings stay; another checkout's end changes nothing", () => {
    const other = fold(with_booking(), checkout, { type: "checkout.left", checkout: "other" });
    expect(other.till.checkout).not.toBeNull();
    const left = more(other, { type: "checkout.left", checkout: ORDER });
    expect(left.till.checkout).toBeNull();
    expect(left.me?.bookings).toHaveLength(1);
  });

  test("placed: bookings become an order at once, whichever comes first, the answer or the news", () => {
    const answered = fold(with_booking(), checkout, ordered);
    expect(answered.me?.bookings).toEqual([]);
    expect(answered.till.orders.get(ORDER)).toMatchObject({
      state: "awaiting_payment",
      total: 219_780,
      deadline_ms: 9_000_000,
      lines: [{ sku: "KAOS-M", qty: 2, booking: "b1" }],
    });
    const told = more(answered, news(110, row(), "placed"));
    const reversed = fold(with_booking(), checkout, news(110, row(), "placed"), ordered);
    expect(told.till.orders).toEqual(reversed.till.orders);
    expect(reversed.me?.bookings).toEqual([]);
    expect(reversed.till.checkout).toBeNull();
  });

  test("ends when a snapshot no longer holds its bookings", () => {
    const state = more(fold(with_booking(), checkout), welcome({ snapshot: snapshot({ me: me({ orders: [] }) }) }));
    expect(state.till.checkout).toBeNull();
  });
});

describe("own orders", () => {
  test("come with `me` and are replaced by the next one", () => {
    const state = fold(with_booking([row()]), recovered(120, { me: me({ orders: [row({ state: "paid" })] }) }));
    expect(state.till.orders.get(ORDER)?.state).toBe("paid");
    expect(fold(with_booking([row()]), recovered(120, { me: me({ orders: [] }) })).till.orders.size).toBe(0);
  });

  test("a server without orders in `me` takes none away", () => {
    expect(fold(with_booking([row()]), recovered(120, { me: me() })).till.orders.size).toBe(1);
  });

  test("older news never goes over newer", () => {
    const state = fold(with_booking([row()]), news(130, row({ state: "paid" })), news(125, row({ state: "expired" })));
    expect(state.till.orders.get(ORDER)?.state).toBe("paid");
  });

  test("news of someone else's order is not one's own", () => {
    expect(fold(with_booking(), news(130, row({ customer: "budi" }))).till.orders.size).toBe(0);
  });

  test("paid after its time: known as revived", () => {
    const late = fold(with_booking([row({ state: "expired" })]), news(130, row({ state: "paid" })));
    expect(late.till.revived.has(ORDER)).toBe(true);
    const timely = fold(with_booking([row()]), news(130, row({ state: "paid" })));
    expect(timely.till.revived.has(ORDER)).toBe(false);
  });

  test("are listed newest first, and the one that runs out first is the most urgent", () => {
    const a = row({ order: "a", placed_at_ms: 1, deadline_ms: 50 });
    const b = row({ order: "b", placed_at_ms: 2, deadline_ms: 40 });
    const paid = row({ order: "c", placed_at_ms: 3, deadline_ms: 1, state: "paid" });
    expect(newest_first([a, b, paid]).map((one) => one.order)).toEqual(["c", "b", "a"]);
    const state = fold(with_booking([a, b, paid]));
    expect(most_urgent(state.till)?.order).toBe("b");
  });

  test("the number is short and stands for the end of the id", () => {
    expect(short_number(ORDER)).toBe("000000AA");
  });
});

describe("paying", () => {
  const paying = fold(with_booking([row()]), payment);

  test("the answer shows at once, with the code; the row keeps how it stands", () => {
    const order = paying.till.orders.get(ORDER) as OrderRow;
    expect(order.method).toBe("qris");
    const settled = more(
      paying,
      news(
        140,
        row({
          payment: { ...(order.payment as NonNullable<OrderRow["payment"]>), status: "settled", qr_rows: undefined },
        }),
      ),
    );
    const shown = attempt(settled.till, settled.till.orders.get(ORDER) as OrderRow);
    expect(shown).toMatchObject({ status: "settled", qr_rows: ["1"], sandbox: true });
  });

  test("another attempt's answer is not mixed in", () => {
    const other = row({
      payment: { payment: "sandbox/2", method: "va", status: "pending", expires_at_ms: null, qr: null, url: null },
    });
    expect(attempt(more(paying, news(140, other)).till, other)?.qr_rows).toBeUndefined();
  });

  test("steps: choose, show until it runs out, failed, nothing to pay", () => {
    const order = paying.till.orders.get(ORDER) as OrderRow;
    const shown = attempt(paying.till, order);
    expect(pay_step(row(), null, 0)).toBe("choose");
    expect(pay_step(order, shown, 4_999_999)).toBe("show");
    expect(pay_step(order, shown, 5_000_000)).toBe("ran_out");
    expect(shown && pay_step(order, { ...shown, status: "failed" }, 0)).toBe("failed");
    expect(shown && pay_step(order, { ...shown, status: "expired" }, 0)).toBe("ran_out");
    // Less than the whole has come: the rest can be paid.
    expect(shown && pay_step({ ...order, captured: 100 }, { ...shown, status: "settled" }, 0)).toBe("choose");
    expect(pay_step(row({ state: "paid" }), shown, 0)).toBe("none");
  });
});

describe("through a reload", () => {
  test("checkout, codes, methods and the open sheet are kept", () => {
    const shelf = new MemoryShelf();
    const state = fold(with_booking([row({ order: "other" })]), checkout, { ...payment, order: "other" });
    keep(shelf, "k", { till: state.till, sheet: { kind: "checkout" } });
    const back = kept(shelf, "k");
    expect(back.sheet).toEqual({ kind: "checkout" });
    const again = more({ ...nothing, till: back.till }, with_booking([row({ order: "other" })]));
    expect(again.till.checkout?.checkout).toBe(ORDER);
    expect(again.till.attempts.get("other")?.qr_rows).toEqual(["1"]);
    expect(again.till.methods.get(ORDER)).toEqual(["qris", "cod"]);
  });

  test("nonsense on the shelf is as nothing, and nothing is not kept", () => {
    const shelf = new MemoryShelf();
    for (const bad of ["", "{", "[]", '{"attempts":1}', "null"]) {
      shelf.setItem("k", bad);
      expect(kept(shelf, "k").sheet).toBeNull();
    }
    keep(shelf, "k", { till: nothing.till, sheet: null });
    expect(shelf.kept.size).toBe(0);
  });

  test("another customer's checkout and codes are forgotten", () => {
    const shelf = new MemoryShelf();
    const state = fold(with_booking([row()]), checkout, payment);
    keep(shelf, "k", { till: state.till, sheet: null });
    const stranger = welcome({ snapshot: snapshot({ me: me({ customer: "budi", orders: [] }) }) });
    const again = more({ ...nothing, till: kept(shelf, "k").till }, stranger);
    expect(again.till.checkout).toBeNull();
    expect(again.till.attempts.size).toBe(0);
  });
});

describe("the host's board", () => {
  const host = (orders: OrderRow[], by_state: Partial<Record<OrderState, number>>) =>
    fold(welcome({ snapshot: snapshot({ catalog: [], orders, orders_by_state: by_state }) }));
  const activity = (s: number, orders: OrderRow[], by_state?: Partial<Record<OrderState, number>>): ServerMessage => ({
    type: "activity",
    epoch: 1,
    s,
    server_now_ms: 5_000_000,
    orders,
    ...(by_state && { orders_by_state: by_state }),
  });

  test("rows are merged by order, counts are the server's", () => {
    const state = more(
      host([row()], { awaiting_payment: 7 }),
      activity(101, [row({ state: "paid" }), row({ order: "b" })], { awaiting_payment: 7, paid: 1 }),
    );
    const book = state.host?.orders;
    expect([...(book?.rows.values() ?? [])].map((one) => [one.order, one.state])).toEqual([
      [ORDER, "paid"],
      ["b", "awaiting_payment"],
    ]);
    expect(book && shelf_count(book, "awaiting_payment")).toBe(7);
    expect(book && shelf_count(book, "paid")).toBe(1);
  });

  test("frames without orders leave the book as it is", () => {
    const before = host([row()], { awaiting_payment: 1 });
    const after = more(before, { type: "activity", epoch: 1, s: 102, server_now_ms: 1 });
    expect(after.host?.orders).toBe(before.host?.orders);
  });

  test("every order is on a shelf, and money to be given back is on one of its own", () => {
    const states: OrderState[] = [
      "awaiting_payment",
      "confirmed",
      "paid",
      "shipped",
      "finished",
      "cancelled",
      "expired",
      "late_wait",
      "refund_due",
      "refunded",
      "returned",
    ];
    for (const state of states) expect(SHELVES.some((shelf) => on_shelf(row({ state }), shelf))).toBe(true);
    expect(on_shelf(row({ state: "paid", refund_due: 1 }), "refunds")).toBe(true);
    expect(on_shelf(row({ state: "paid" }), "refunds")).toBe(false);
  });

  test("ended orders without a refund are dropped when they grow too many; others never", () => {
    const old = Array.from({ length: 250 }, (_, at) => row({ order: `e${at}`, placed_at_ms: at, state: "expired" }));
    const owing = row({ order: "owing", placed_at_ms: 0, state: "cancelled", refund_due: 5 });
    const book = host([...old, owing, row()], {}).host?.orders;
    expect(book?.rows.size).toBe(202);
    expect(book?.rows.has("owing")).toBe(true);
    expect(book?.rows.has("e0")).toBe(false);
    expect(book?.rows.has("e249")).toBe(true);
  });

  test.each<[Partial<OrderRow>, string[]]>([
    [{}, ["pay", "confirm", "cancel"]],
    [{ state: "confirmed", secured: "cod" }, ["ship", "pay", "cancel"]],
    [{ state: "paid", captured: 219_780 }, ["ship", "cancel"]],
    [{ state: "paid", captured: 300_000, refund_due: 80_220 }, ["refund", "ship", "cancel"]],
    [{ state: "shipped", secured: "cod" }, ["finish", "pay", "refuse", "return"]],
    [{ state: "shipped", captured: 219_780 }, ["finish", "return"]],
    [{ state: "finished", captured: 219_780 }, ["return"]],
    [{ state: "late_wait", captured: 219_780 }, ["cancel"]],
    [{ state: "refund_due", refund_due: 5 }, ["refund"]],
    [{ state: "expired" }, []],
    [{ state: "refunded" }, []],
  ])("what can be done: %o", (change, expected) => {
    expect(acts(row(change))).toEqual(expected);
  });
});
