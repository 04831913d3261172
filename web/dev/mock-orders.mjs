// The mock's checkout, orders and payments: enough of the rules for the pages to be tried; the server has them all.

import { customer_of, id, is_host, promote, publish, refuse, tell_customer } from "./mock.mjs";
import { QR_ROWS, QR_TEXT } from "./mock-qr.mjs";

/** What a world needs for orders. */
export const order_world = () => ({
  orders: new Map(),
  checkouts: new Map(),
  /** Orders that ended long ago: only the back office finds them. */
  archive: [],
  checkout_ms: 180_000,
  pay_ms: 15 * 60_000,
  code_ms: 5 * 60_000,
  late_wait_ms: 30 * 60_000,
  vat_bp: 1100,
  methods: ["qris", "transfer", "va", "ewallet", "card", "cod"],
  sandbox: true,
});

export const order_row = (order) => {
  const { hidden: _, ...row } = order;
  return row;
};

export const own_orders = (state, customer) =>
  [...state.orders.values()]
    .filter((order) => order.customer === customer)
    .map(order_row)
    .reverse();

export const by_state = (state) => {
  const counts = {};
  for (const { state: name } of state.orders.values()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

/** Tells the customer and the hosts; units that moved are in `changed`. */
function told(state, sockets, order, event, changed = {}, reason = null) {
  // A position that no stock frame covers would look like a gap.
  const before = state.seq;
  if (changed.drops?.length > 0) state.seq += 1;
  tell_customer(sockets, order.customer, {
    type: "order",
    event,
    order: order_row(order),
    reason,
    epoch: state.epoch,
    s: state.seq,
  });
  publish(state, sockets, before, {
    drops: [],
    customers: [customer_of(state, order.customer)],
    ...changed,
    orders: [order_row(order)],
  });
}

/** Units go back on sale, and to those who wait. */
function give_back(state, sockets, order, cuts) {
  const changed = { drops: [], bookings: [], waiters: [], customers: [], catalog: [] };
  for (const { line, qty } of cuts) {
    const row = state.catalog.get(line.sku);
    line.qty -= qty;
    row.allocated -= qty;
    if (row.available !== null) row.available += qty;
    changed.catalog.push(row);
    for (const drop of state.drops.values())
      if (drop.sku === line.sku) {
        changed.drops.push(drop);
        promote(state, sockets, drop, row, changed);
      }
  }
  order.goods = order.lines.reduce((sum, line) => sum + line.qty * line.price, 0);
  order.vat = Math.round((order.goods * state.vat_bp) / 10_000);
  return { ...changed, customers: [...changed.customers, customer_of(state, order.customer)] };
}

const everything = (order) => order.lines.map((line) => ({ line, qty: line.qty }));

const reward = (state, sockets, name, points) => {
  const customer = customer_of(state, name);
  customer.reputation = Math.max(0, Math.min(100, customer.reputation + points));
  tell_customer(sockets, name, { type: "reputation", reputation: customer.reputation });
};

export function order_timers(state, sockets) {
  const now = state.now();
  for (const [name, checkout] of state.checkouts)
    if (checkout.ends_at_ms <= now) {
      state.checkouts.delete(name);
      tell_customer(sockets, checkout.customer, { type: "checkout.left", checkout: name });
    }
  for (const order of state.orders.values()) {
    if (order.state === "awaiting_payment" && order.deadline_ms <= now) {
      order.state = "expired";
      order.deadline_ms = null;
      if (order.payment?.status === "pending") order.payment.status = "expired";
      reward(state, sockets, order.customer, -10);
      const kept = order.lines.map((line) => line.qty);
      const { goods, vat } = order;
      const changed = give_back(state, sockets, order, everything(order));
      Object.assign(order, { goods, vat });
      // An expired order still says what was in it.
      order.hidden.kept = kept;
      told(state, sockets, order, "expired", changed);
    }
    if (order.state === "late_wait") try_again(state, sockets, order);
  }
}

function reserve(state, order) {
  const free = (line, at) => {
    const { available } = state.catalog.get(line.sku);
    return available === null || available >= order.hidden.kept[at];
  };
  if (!order.lines.every(free)) return false;
  for (const [at, line] of order.lines.entries()) {
    const row = state.catalog.get(line.sku);
    line.qty = order.hidden.kept[at];
    if (row.available !== null) row.available -= line.qty;
    row.allocated += line.qty;
  }
  order.goods = order.lines.reduce((sum, line) => sum + line.qty * line.price, 0);
  order.vat = order.total - order.goods;
  return true;
}

function try_again(state, sockets, order) {
  if (!reserve(state, order)) {
    if (order.deadline_ms > state.now()) return;
    Object.assign(order, { state: "refund_due", deadline_ms: null, refund_due: order.captured });
    return told(state, sockets, order, "refund_due");
  }
  paid(state, sockets, order);
}

function paid(state, sockets, order) {
  Object.assign(order, { state: "paid", deadline_ms: null, checking: false });
  order.refund_due = Math.max(0, order.captured - order.total);
  reward(state, sockets, order.customer, 5);
  const drops = [...state.drops.values()].filter((drop) => order.lines.some((line) => line.sku === drop.sku));
  told(state, sockets, order, "paid", { drops, catalog: order.lines.map((line) => state.catalog.get(line.sku)) });
}

/** Money has come. */
export function settle(state, sockets, order, amount) {
  order.captured += amount;
  if (order.payment) order.payment.status = "settled";
  if (order.state === "awaiting_payment" || order.state === "confirmed") {
    if (order.captured < order.total) return told(state, sockets, order, "payment");
    return paid(state, sockets, order);
  }
  if (order.state === "expired") {
    order.total = order.captured;
    if (reserve(state, order)) return paid(state, sockets, order);
    Object.assign(order, { state: "late_wait", deadline_ms: state.now() + state.late_wait_ms });
    return told(state, sockets, order, "late_wait");
  }
  order.refund_due += amount;
  told(state, sockets, order, "refund_due");
}

/** What the buttons of the sandbox do. */
export function sandbox(state, sockets, payment, action) {
  const order = [...state.orders.values()].find((row) => row.payment?.payment === `sandbox/${payment}`);
  if (!order) return 404;
  const due = order.hidden.due;
  switch (action) {
    case "pay":
      settle(state, sockets, order, due);
      return 202;
    case "pay_twice":
      settle(state, sockets, order, due);
      settle(state, sockets, order, due);
      return 202;
    case "pay_less":
      settle(state, sockets, order, Math.floor(due / 2));
      return 202;
    case "pay_late":
      settle(state, sockets, order, due);
      return 202;
    case "fail":
      order.payment.status = "failed";
      told(state, sockets, order, "payment");
      return 202;
    default:
      return 422;
  }
}

const of_customer = (act) => (state, sockets, m, claims) => {
  const order = state.orders.get(m.order);
  if (!order || (order.customer !== claims.sub && !is_host(claims))) return refuse(m, "not_yours");
  return act(state, sockets, m, order, claims) ?? { type: "done", id: m.id, order: order.order };
};

const of_host = (states, act) => (state, sockets, m, claims) => {
  const order = state.orders.get(m.order);
  if (!is_host(claims)) return refuse(m, "forbidden");
  if (!order) return refuse(m, "invalid", { field: "order" });
  if (!states.includes(order.state)) return refuse(m, "order_state", { state: order.state });
  return act(state, sockets, m, order) ?? { type: "done", id: m.id, order: order.order };
};

const ANY = [
  "awaiting_payment",
  "confirmed",
  "paid",
  "shipped",
  "finished",
  "cancelled",
  "expired",
  "late_wait",
  "refund_due",
  "returned",
];

export const ORDER_RULES = {
  "checkout.start"(state, _sockets, m, claims) {
    const bookings = m.bookings.map((name) => state.bookings.get(name));
    if (bookings.some((b) => b?.customer !== claims.sub)) return refuse(m, "not_yours");
    const over = bookings.find((b) => b.state !== "held");
    if (over) return refuse(m, "not_held", { final_state: over.state });
    const ends_at_ms = state.now() + state.checkout_ms;
    for (const booking of bookings) booking.deadline_ms = Math.max(booking.deadline_ms, ends_at_ms);
    const goods = bookings.reduce((sum, b) => sum + b.qty * b.price, 0);
    const vat = Math.round((goods * state.vat_bp) / 10_000);
    const answer = {
      type: "checkout",
      id: m.id,
      checkout: `0199${id()}${id().slice(0, 12)}`.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5"),
      ends_at_ms,
      deadlines: Object.fromEntries(bookings.map((b) => [b.booking, b.deadline_ms])),
      goods,
      vat,
      vat_bp: state.vat_bp,
      total: goods + vat,
      currency: "IDR",
      methods: state.methods,
    };
    state.checkouts.set(answer.checkout, { ...answer, customer: claims.sub });
    return answer;
  },
  "checkout.place"(state, sockets, m, claims) {
    const checkout = state.checkouts.get(m.checkout);
    if (checkout?.customer !== claims.sub) return refuse(m, "checkout_ended");
    const bookings = Object.keys(checkout.deadlines).map((name) => state.bookings.get(name));
    const over = bookings.find((b) => b.state !== "held");
    if (over) return refuse(m, "not_held", { final_state: over.state });
    state.checkouts.delete(m.checkout);
    const order = {
      order: m.checkout,
      customer: claims.sub,
      state: "awaiting_payment",
      placed_at_ms: state.now(),
      deadline_ms: state.now() + state.pay_ms,
      currency: "IDR",
      goods: checkout.goods,
      vat: checkout.vat,
      total: checkout.total,
      captured: 0,
      refund_due: 0,
      refunded: 0,
      method: null,
      payment: null,
      checking: false,
      secured: null,
      origin: "live",
      lines: bookings.map((b, line) => ({
        line,
        sku: b.sku,
        title: state.catalog.get(b.sku).title,
        qty: b.qty,
        ordered: b.qty,
        price: b.price,
        booking: b.booking,
        returned: 0,
      })),
      reason: null,
      penalty: state.penalty,
      hidden: {},
    };
    state.orders.set(order.order, order);
    for (const b of bookings) {
      b.state = "ordered";
      const row = state.catalog.get(b.sku);
      row.booked -= b.qty;
      row.allocated += b.qty;
    }
    const drops = bookings.map((b) => state.drops.get(b.drop));
    told(state, sockets, order, "placed", { bookings, drops, catalog: bookings.map((b) => state.catalog.get(b.sku)) });
    return {
      type: "ordered",
      id: m.id,
      order: order.order,
      total: order.total,
      currency: "IDR",
      pay_deadline_ms: order.deadline_ms,
      state: order.state,
      s: state.seq,
      epoch: state.epoch,
    };
  },
  "payment.start": of_customer((state, sockets, m, order) => {
    if (order.state !== "awaiting_payment" || order.deadline_ms <= state.now())
      return refuse(m, "order_not_payable", { state: order.state });
    const qris = m.method === "qris";
    const amount = order.total - order.captured;
    const payment = {
      payment: `sandbox/${id()}`,
      method: m.method,
      status: "pending",
      expires_at_ms: m.method === "cod" || m.method === "transfer" ? null : state.now() + state.code_ms,
      qr: qris ? QR_TEXT : null,
      url: ["ewallet", "card"].includes(m.method) ? "https://pay.example/here" : null,
    };
    // The gateway's expiry governs while its code is active.
    if (qris) order.deadline_ms = Math.max(order.deadline_ms, payment.expires_at_ms);
    Object.assign(order, { payment, method: m.method });
    order.hidden.due = amount;
    told(state, sockets, order, "payment");
    return {
      type: "payment",
      id: m.id,
      order: order.order,
      ...payment,
      pay_deadline_ms: order.deadline_ms,
      amount,
      currency: "IDR",
      qr_rows: qris ? QR_ROWS : null,
      instructions: { va: "BCA 3901 0812 3456 789", transfer: "BCA 123 456 7890 a.n. Toko Melati" }[m.method] ?? null,
      sandbox: state.sandbox,
    };
  }),
  "order.cancel": of_customer((state, sockets, m, order, claims) => {
    const host = is_host(claims);
    const may = host ? ["awaiting_payment", "confirmed", "paid", "late_wait"] : ["awaiting_payment"];
    if (!may.includes(order.state)) return refuse(m, "order_state", { state: order.state });
    const cuts = m.lines?.map(({ line, qty }) => ({ line: order.lines[line], qty })) ?? everything(order);
    const units = cuts.reduce((sum, { qty }) => sum + qty, 0);
    if (!host || m.at_customers_request) reward(state, sockets, order.customer, -state.penalty * units);
    const waits = order.state === "late_wait";
    const changed = waits ? {} : give_back(state, sockets, order, cuts);
    order.total = waits ? 0 : order.goods + order.vat;
    order.refund_due = Math.max(0, order.captured - order.refunded - order.total);
    order.reason = m.reason ?? "customer_cancel";
    const whole = order.lines.every((line) => line.qty === 0) || waits;
    if (whole) Object.assign(order, { state: order.refund_due > 0 ? "refund_due" : "cancelled", deadline_ms: null });
    told(state, sockets, order, whole ? "cancelled" : "changed", changed, order.reason);
  }),
  "order.confirm": of_host(["awaiting_payment"], (state, sockets, m, order) => {
    Object.assign(order, { state: "confirmed", secured: m.secured, deadline_ms: null });
    told(state, sockets, order, "confirmed");
  }),
  "order.pay": of_host(["awaiting_payment", "confirmed", "shipped"], (state, sockets, m, order) => {
    if (order.state !== "shipped") return settle(state, sockets, order, m.amount);
    order.captured += m.amount;
    told(state, sockets, order, "payment");
  }),
  "order.ship": of_host(["paid", "confirmed"], (state, sockets, _m, order) => {
    order.state = "shipped";
    told(state, sockets, order, "shipped");
  }),
  "order.finish": of_host(["shipped"], (state, sockets, _m, order) => {
    order.state = "finished";
    const catalog = order.lines.map((line) => {
      const row = state.catalog.get(line.sku);
      row.allocated -= line.qty;
      row.sold += line.qty;
      return row;
    });
    told(state, sockets, order, "finished", { catalog });
  }),
  "order.refuse": of_host(["shipped"], (state, sockets, _m, order) => {
    reward(state, sockets, order.customer, -10);
    const changed = give_back(state, sockets, order, everything(order));
    order.state = "cancelled";
    told(state, sockets, order, "cancelled", changed);
  }),
  "order.return": of_host(["shipped", "finished"], (state, sockets, m, order) => {
    const line = order.lines[m.line];
    const row = state.catalog.get(line.sku);
    line.returned += m.qty;
    row.sold = Math.max(0, row.sold - m.qty);
    if (m.restock && row.available !== null) row.available += m.qty;
    if (order.lines.every((one) => one.returned >= one.qty)) order.state = "returned";
    order.refund_due += Math.min(order.captured - order.refunded, line.price * m.qty);
    told(state, sockets, order, "returned", { catalog: [row] }, m.reason);
  }),
  "order.refund": of_host(ANY, (state, sockets, m, order) => {
    order.refund_due -= m.amount;
    order.refunded += m.amount;
    if (order.refund_due === 0 && order.state === "refund_due") order.state = "refunded";
    told(state, sockets, order, "refunded");
  }),
};
