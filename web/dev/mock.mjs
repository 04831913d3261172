// A scripted stand-in for the server, for development and browser tests: it speaks the wire contract over one
// live in memory and decides with a handful of rules. It is not the rulebook; the server is.
//
//   import { start } from "./mock.mjs";  const mock = await start({ port: 0 });  …  await mock.stop();

import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { WebSocketServer } from "ws";
import { serve_ledger } from "./mock-ledger.mjs";
import { by_state, ORDER_RULES, order_row, order_timers, order_world, own_orders, sandbox } from "./mock-orders.mjs";

const DIST = join(import.meta.dirname, "..", "dist");
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** What the real server sends with its pages. */
export const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss: https:; img-src 'self' data: https:; " +
  "media-src 'self' https: blob:; frame-src https:; base-uri 'none'; object-src 'none'; form-action 'self'";

/** A token of the mock: unsigned, readable by the page. */
export function token(sub, role) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub, role, shop: "toko" })}.x`;
}

const claims_of = (jwt) => {
  try {
    return JSON.parse(Buffer.from(jwt.split(".")[1], "base64url").toString());
  } catch {
    return null;
  }
};

export const id = () => randomBytes(8).toString("hex");

function sku(name, title, price, available, more = {}) {
  return {
    sku: name,
    title,
    image: null,
    price,
    currency: "IDR",
    available,
    drop_reserved: 0,
    booked: 0,
    allocated: 0,
    sold: 0,
    shortage: 0,
    active: true,
    preorder: false,
    physical: true,
    track_stock: available !== null,
    components: [],
    ...more,
  };
}

/** The world of the mock: everything that outlives a restart. */
export function world({ lang = "id", accent = "#0f766e", clock_skew_ms = 0 } = {}) {
  const now = () => Date.now() + clock_skew_ms;
  const catalog = new Map(
    [
      sku("KAOS-M", "Kaos Oversize Katun Combed 24s, Sage, ukuran M", 99_000, 42),
      sku("KAOS-L", "Kaos Oversize Katun Combed 24s, Sage, ukuran L", 99_000, 4),
      sku("GAMIS-1", "Gamis Linen Rayon Premium", 325_000, 0),
      sku("HIJAB-9", "Hijab Pashmina Ceruty Babydoll", 45_000, 120),
      sku("VOUCHER", "Voucher kelas menjahit daring", 150_000, null, { physical: false }),
      sku("SET-1", "Paket lebaran: gamis dan hijab", 349_000, 6, {
        components: [
          { sku: "GAMIS-1", qty: 1 },
          { sku: "HIJAB-9", qty: 1 },
        ],
      }),
      sku("LAMA-1", "Kemeja lama", 120_000, 8, { active: false }),
    ].map((row) => [row.sku, row]),
  );
  return {
    now,
    catalog,
    epoch: 1,
    seq: 100,
    booked_total: 0,
    viewers: 1234,
    live: {
      id: "demo",
      shop: "toko",
      title: "Toko Melati: Kaos dan gamis malam Jumat",
      state: "live",
      lang,
      accent,
      currency: "IDR",
      video: { kind: "demo", url: null },
      links: [
        { label: "Instagram", url: "https://instagram.com/" },
        { label: "Shopee", url: "https://shopee.co.id/" },
      ],
    },
    drops: new Map(),
    bookings: new Map(),
    waits: [],
    customers: new Map(),
    answers: new Map(),
    ...order_world(),
    /** What the audit page is to be shown wrong: units by SKU, and rows by view. */
    broken: {},
    filled: {},
    penalty: 10,
    unknown_next: 0,
    silent_next: 0,
  };
}

export async function start({ port = 0, host = "127.0.0.1", state = world(), dist = DIST, scene = true } = {}) {
  if (scene && state.drops.size === 0) open_scene(state);
  const sockets = new Set();
  const seen = [];
  const http = createServer(
    (request, response) =>
      void serve(request, response, state, dist, sockets).catch((error) => response.writeHead(500).end(String(error))),
  );
  const ws = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has("lapak.v1.json") ? "lapak.v1.json" : false),
  });
  http.on("upgrade", (request, socket, head) => {
    const live = /^\/v1\/lives\/([^/]+)\/ws$/.exec(request.url ?? "")?.[1];
    ws.handleUpgrade(request, socket, head, (connection) => {
      if (live !== state.live.id) connection.close(4404);
      else accept(connection, state, sockets, seen);
    });
  });
  await new Promise((resolve) => http.listen(port, host, resolve));
  const address = `http://${host}:${http.address().port}`;
  const timer = setInterval(() => {
    expire(state, sockets);
    order_timers(state, sockets);
  }, 200);
  return {
    address,
    state,
    seen,
    port: http.address().port,
    connections: () => sockets.size,
    tell_all: (message) => broadcast(sockets, message),
    act: (command, claims = { sub: "host", role: "host" }) => decide(state, sockets, claims, { id: id(), ...command }),
    drain: (spread_ms) => broadcast(sockets, { type: "drain", spread_ms }),
    close_all: (code) => {
      for (const one of sockets) code === 1006 ? one.socket.terminate() : one.socket.close(code);
    },
    stop: async (code = 1012) => {
      clearInterval(timer);
      for (const one of sockets) code === 1006 ? one.socket.terminate() : one.socket.close(code);
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      for (const client of ws.clients) client.terminate();
    },
  };
}

function open_scene(state) {
  const act = (command) => decide(state, new Set(), { sub: "host", role: "host" }, { id: id(), ...command });
  act({
    type: "drop.open",
    sku: "KAOS-M",
    units: "all",
    mode: "shared",
    pinned: true,
    ends_at_ms: state.now() + 8 * 60_000,
    per_customer_limit: 3,
  });
  act({ type: "drop.open", sku: "KAOS-L", units: 10, mode: "carved" });
  act({ type: "drop.open", sku: "GAMIS-1", units: "all", mode: "shared" });
  act({ type: "drop.open", sku: "VOUCHER", units: "all", mode: "shared" });
  act({ type: "drop.open", sku: "HIJAB-9", units: "all", mode: "shared", opens_at_ms: state.now() + 95_000 });
}

const item_of = (state, drop) => {
  const row = state.catalog.get(drop.sku);
  const held = [...state.bookings.values()]
    .filter((b) => b.drop === drop.drop && b.state === "held")
    .reduce((sum, b) => sum + b.qty, 0);
  const waiting = state.waits.filter((w) => w.drop === drop.drop).reduce((sum, w) => sum + w.qty, 0);
  return {
    drop: drop.drop,
    sku: drop.sku,
    available: row.available,
    booked: held,
    sold_out: row.available !== null && row.available <= 0,
    waiting,
  };
};

const ahead = (state, wait) => {
  const queue = state.waits.filter((w) => w.drop === wait.drop);
  return queue.slice(0, queue.indexOf(wait)).reduce((sum, w) => sum + w.qty, 0);
};

export const customer_of = (state, name) => {
  if (!state.customers.has(name)) state.customers.set(name, { customer: name, reputation: 100, restricted: false });
  return state.customers.get(name);
};

const own = (state, b) => ({ ...b, title: state.catalog.get(b.sku).title, currency: "IDR", customer: undefined });

function me_of(state, claims) {
  if (!claims) return null;
  const known = customer_of(state, claims.sub);
  return {
    customer: claims.sub,
    role: claims.role,
    reputation: known.reputation,
    restricted: known.restricted,
    bookings: [...state.bookings.values()]
      .filter((b) => b.customer === claims.sub && b.state === "held")
      .map((b) => own(state, b)),
    orders: own_orders(state, claims.sub),
    methods: state.methods,
    waiting: state.waits
      .filter((w) => w.customer === claims.sub)
      .map((w) => ({ drop: w.drop, sku: w.sku, qty: w.qty, ahead_units: ahead(state, w), since_ms: w.since_ms })),
  };
}

export const is_host = (claims) => claims?.role === "host" || claims?.role === "admin";

function snapshot(state, claims) {
  return {
    live: state.live,
    drops: [...state.drops.values()],
    items: [...state.drops.values()].map((drop) => item_of(state, drop)),
    viewers: state.viewers,
    me: me_of(state, claims),
    ...(is_host(claims) && {
      catalog: [...state.catalog.values()],
      bookings: [...state.bookings.values()].filter((b) => b.state === "held"),
      waiters: state.waits,
      customers: [...state.customers.values()],
      orders: [...state.orders.values()].map(order_row).reverse(),
      orders_by_state: by_state(state),
    }),
  };
}

function accept(socket, state, sockets, seen) {
  const one = { socket, claims: null, ready: false };
  socket.on("close", () => sockets.delete(one));
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    seen.push(message);
    if (!one.ready) return connect(one, message, state, sockets);
    if (message.type === "refresh") {
      one.claims = claims_of(message.token) ?? one.claims;
      return;
    }
    if (state.silent_next > 0 && message.id) {
      state.silent_next -= 1;
      return;
    }
    if (state.unknown_next > 0 && message.id) {
      state.unknown_next -= 1;
      return tell(one, { type: "unknown", id: message.id, retry_ms: 700 });
    }
    const answer = decide(state, sockets, one.claims, message);
    if (answer) tell(one, answer);
  });
}

function connect(one, message, state, sockets) {
  if (message.type !== "connect") return one.socket.close(4401);
  one.claims = message.token ? claims_of(message.token) : null;
  if (message.token && !one.claims) return one.socket.close(4401);
  one.ready = true;
  sockets.add(one);
  const recovered = message.resume?.epoch === state.epoch && message.resume.seq <= state.seq && !is_host(one.claims);
  const welcome = {
    type: "welcome",
    connection: `c-${id()}`,
    live: state.live.id,
    position: { epoch: state.epoch, seq: state.seq },
    recovered,
    server_now_ms: state.now(),
    reconnect: { base_ms: 200, cap_ms: 3000, spread_ms: 600 },
  };
  if (!recovered) return tell(one, { ...welcome, snapshot: snapshot(state, one.claims) });
  // Joined in one frame, as the server does with what waits.
  one.socket.send(
    [
      { ...welcome, me: me_of(state, one.claims) },
      {
        type: "stock",
        epoch: state.epoch,
        p: message.resume.seq,
        s: state.seq,
        items: [...state.drops.values()].map((drop) => item_of(state, drop)),
      },
      ...[...state.drops.values()].map((drop) => ({
        type: "drop",
        event: "changed",
        drop,
        epoch: state.epoch,
        s: state.seq,
      })),
    ]
      .map((part) => JSON.stringify(part))
      .join("\n"),
  );
}

const tell = (one, message) => one.socket.send(JSON.stringify(message));
const broadcast = (sockets, message) => {
  for (const one of sockets) tell(one, message);
};
export const tell_customer = (sockets, name, message) => {
  for (const one of sockets) if (one.claims?.sub === name) tell(one, message);
};

/** Tells what changed: stock to everyone, activity to hosts. */
export function publish(
  state,
  sockets,
  before,
  { drops = [], bookings = [], waiters = [], customers = [], catalog = [], orders },
) {
  if (drops.length > 0)
    broadcast(sockets, {
      type: "stock",
      epoch: state.epoch,
      p: before,
      s: state.seq,
      items: drops.map((drop) => item_of(state, drop)),
    });
  for (const one of sockets) {
    if (!is_host(one.claims)) continue;
    tell(one, {
      type: "activity",
      epoch: state.epoch,
      s: state.seq,
      server_now_ms: state.now(),
      bookings,
      waiters,
      customers,
      catalog,
      ...(orders && { orders, orders_by_state: by_state(state) }),
      booked_total: state.booked_total,
      connections: sockets.size,
    });
  }
}

/** One decision; the same id gives the same answer. */
function decide(state, sockets, claims, message) {
  const body = createHash("sha256")
    .update(JSON.stringify({ ...message, id: "" }))
    .digest("hex");
  const known = state.answers.get(message.id);
  if (known)
    return known.body === body
      ? { ...known.answer, ...(known.answer.type === "held" && { replayed: true }) }
      : refuse(message, "idempotency_conflict");
  const rule = RULES[message.type];
  if (!rule) return { type: "error", code: "unknown_type", message: message.type, id: message.id };
  if (!claims) return refuse(message, "unauthorized");
  if (/^(drop|stock|booking|customer)\./.test(message.type) && !is_host(claims)) return refuse(message, "forbidden");
  const answer = rule(state, sockets, message, claims);
  state.answers.set(message.id, { body, answer });
  return answer;
}

export const refuse = (message, code, detail = {}) => ({
  type: "refused",
  id: message.id,
  code,
  message: code,
  ...detail,
});

function book(state, sockets, m, claims) {
  const drop = state.drops.get(m.drop);
  const customer = customer_of(state, claims.sub);
  if (!drop) return refuse(m, "drop_not_found");
  if (drop.state === "paused") return refuse(m, "drop_paused");
  if (drop.state !== "open") return refuse(m, "drop_not_open");
  if (customer.restricted) return refuse(m, "restricted");
  const mine = [...state.bookings.values()]
    .filter((b) => b.customer === claims.sub && b.drop === m.drop && b.state === "held")
    .reduce((sum, b) => sum + b.qty, 0);
  if (drop.per_customer_limit > 0 && mine + m.qty > drop.per_customer_limit)
    return refuse(m, "customer_limit", {
      limit: drop.per_customer_limit,
      in_cart: mine,
      max_allowed: drop.per_customer_limit - mine,
    });
  const row = state.catalog.get(drop.sku);
  if (row.available !== null && row.available < m.qty) {
    if (!m.join_waitlist) return refuse(m, "sold_out", { available: row.available });
    const wait = { drop: m.drop, sku: drop.sku, customer: claims.sub, qty: m.qty, since_ms: state.now() };
    state.waits.push(wait);
    const before = state.seq++;
    publish(state, sockets, before, { drops: [drop], waiters: [wait], customers: [customer] });
    return { type: "waiting", id: m.id, drop: m.drop, sku: drop.sku, qty: m.qty, ahead_units: ahead(state, wait) };
  }
  const before = state.seq++;
  const booking = hold(state, drop, claims.sub, m.qty, "tap");
  publish(state, sockets, before, { drops: [drop], bookings: [booking], customers: [customer], catalog: [row] });
  broadcast(sockets, {
    type: "ticker",
    bookings: [{ name: `${claims.sub[0].toUpperCase()}***`, sku: drop.sku, qty: m.qty }],
  });
  return {
    type: "held",
    id: m.id,
    ...own(state, booking),
    epoch: state.epoch,
    s: state.seq,
    replayed: false,
    qty_waiting: 0,
  };
}

function hold(state, drop, customer, qty, origin) {
  const row = state.catalog.get(drop.sku);
  if (row.available !== null) row.available -= qty;
  row.booked += qty;
  state.booked_total += 1;
  const booking = {
    booking: `b-${id()}`,
    customer,
    drop: drop.drop,
    sku: drop.sku,
    qty,
    price: drop.price,
    state: "held",
    deadline_ms: state.now() + drop.booking_timeout_ms,
    booked_at_ms: state.now(),
    origin,
    penalty: state.penalty,
  };
  state.bookings.set(booking.booking, booking);
  return booking;
}

/** Ends a booking and gives its units to those who wait. */
function release(state, sockets, booking, final, penalty, reason) {
  const drop = state.drops.get(booking.drop);
  const row = state.catalog.get(booking.sku);
  const customer = customer_of(state, booking.customer);
  const before = state.seq++;
  booking.state = final;
  row.booked -= booking.qty;
  if (row.available !== null) row.available += booking.qty;
  customer.reputation = Math.max(0, customer.reputation - penalty);
  tell_customer(sockets, booking.customer, {
    type: "booking",
    event: final,
    ...own(state, booking),
    reason,
    penalty,
    reputation: customer.reputation,
    s: state.seq,
  });
  const changed = { drops: [drop], bookings: [booking], waiters: [], customers: [customer], catalog: [row] };
  promote(state, sockets, drop, row, changed);
  publish(state, sockets, before, changed);
}

export function promote(state, sockets, drop, row, changed) {
  for (const wait of state.waits.filter((w) => w.drop === drop.drop)) {
    if (row.available !== null && row.available < wait.qty) break;
    state.waits.splice(state.waits.indexOf(wait), 1);
    const booking = hold(state, drop, wait.customer, wait.qty, "waitlist");
    changed.bookings.push(booking);
    changed.waiters.push({ ...wait, qty: 0 });
    tell_customer(sockets, wait.customer, {
      type: "booking",
      event: "promoted",
      ...own(state, booking),
      reason: null,
      penalty: 0,
      reputation: customer_of(state, wait.customer).reputation,
      s: state.seq,
    });
  }
  for (const wait of state.waits.filter((w) => w.drop === drop.drop))
    tell_customer(sockets, wait.customer, {
      type: "waiting",
      drop: wait.drop,
      sku: wait.sku,
      qty: wait.qty,
      ahead_units: ahead(state, wait),
    });
}

function expire(state, sockets) {
  for (const booking of state.bookings.values()) {
    if (booking.state === "held" && booking.deadline_ms <= state.now())
      release(state, sockets, booking, "expired", state.penalty * booking.qty, "booking_timeout");
  }
  for (const drop of state.drops.values()) {
    if (drop.state === "scheduled" && drop.opens_at_ms <= state.now())
      change(state, sockets, drop, { state: "open" }, "opened");
  }
}

function change(state, sockets, drop, values, event = "changed") {
  Object.assign(drop, values);
  state.seq += 1;
  // Stock first: its range covers the position of the drop event.
  broadcast(sockets, {
    type: "stock",
    epoch: state.epoch,
    p: state.seq - 1,
    s: state.seq,
    items: [item_of(state, drop)],
  });
  broadcast(sockets, { type: "drop", event, drop, epoch: state.epoch, s: state.seq });
}

const on_drop = (act) => (state, sockets, m, claims) => {
  const drop = state.drops.get(m.drop);
  if (!drop) return refuse(m, "drop_not_found");
  return act(state, sockets, m, drop, claims) ?? { type: "done", id: m.id, drop: drop.drop };
};

const RULES = {
  ...ORDER_RULES,
  book,
  cancel(state, sockets, m, claims) {
    const booking = state.bookings.get(m.booking);
    if (!booking || booking.customer !== claims.sub) return refuse(m, "not_yours");
    if (booking.state !== "held") return refuse(m, "not_held", { final_state: booking.state });
    const penalty = state.penalty * booking.qty;
    release(state, sockets, booking, "cancelled", penalty, "customer_cancel");
    return {
      type: "cancelled",
      id: m.id,
      booking: m.booking,
      qty: booking.qty,
      penalty,
      reputation: customer_of(state, claims.sub).reputation,
    };
  },
  "wait.leave"(state, sockets, m, claims) {
    const wait = state.waits.find((w) => w.drop === m.drop && w.customer === claims.sub);
    if (!wait) return refuse(m, "not_held", { final_state: "cancelled" });
    state.waits.splice(state.waits.indexOf(wait), 1);
    const before = state.seq++;
    publish(state, sockets, before, { drops: [state.drops.get(m.drop)], waiters: [{ ...wait, qty: 0 }] });
    return { type: "left", id: m.id, drop: m.drop, sku: m.sku };
  },
  "drop.open"(state, sockets, m) {
    const row = state.catalog.get(m.sku);
    if (!row) return refuse(m, "invalid", { field: "sku" });
    if (!row.active) return refuse(m, "sku_inactive");
    if (m.pinned)
      for (const other of state.drops.values()) if (other.pinned) change(state, sockets, other, { pinned: false });
    const drop = {
      drop: `d-${state.drops.size + 1}`,
      sku: m.sku,
      title: row.title,
      image: row.image,
      price: m.price ?? row.price,
      currency: row.currency,
      state: m.opens_at_ms ? "scheduled" : "open",
      opens_at_ms: m.opens_at_ms ?? null,
      ends_at_ms: m.ends_at_ms ?? null,
      units: m.units === "all" ? null : m.units,
      mode: m.mode,
      per_customer_limit: m.per_customer_limit ?? 0,
      booking_timeout_ms: (m.booking_timeout_min ?? 15) * 60_000,
      pinned: m.pinned ?? false,
      waitlist: true,
    };
    state.drops.set(drop.drop, drop);
    change(state, sockets, drop, {}, "opened");
    return { type: "done", id: m.id, drop: drop.drop, sku: drop.sku };
  },
  "drop.pause": on_drop((state, sockets, _m, drop) => change(state, sockets, drop, { state: "paused" }, "paused")),
  "drop.resume": on_drop((state, sockets, _m, drop) => change(state, sockets, drop, { state: "open" }, "resumed")),
  "drop.close": on_drop((state, sockets, m, drop) => {
    change(state, sockets, drop, { state: "closed", pinned: false }, "closed");
    if (m.withdraw)
      for (const b of state.bookings.values())
        if (b.drop === drop.drop && b.state === "held") release(state, sockets, b, "cancelled", 0, "drop_withdrawn");
  }),
  "drop.pin": on_drop((state, sockets, m, drop) => {
    for (const other of state.drops.values())
      if (other.pinned && other !== drop) change(state, sockets, other, { pinned: false });
    change(state, sockets, drop, { pinned: m.pinned ?? true });
  }),
  "drop.extend": on_drop((state, sockets, m, drop) => {
    change(state, sockets, drop, {
      ends_at_ms: drop.ends_at_ms === null ? null : drop.ends_at_ms + m.minutes * 60_000,
    });
  }),
  "stock.add": (state, sockets, m) => correct(state, sockets, m, (row) => row.available + m.qty),
  "stock.set": (state, sockets, m) => correct(state, sockets, m, (row) => m.on_hand - row.booked - row.allocated),
  "booking.cancel"(state, sockets, m) {
    const booking = state.bookings.get(m.booking);
    if (booking?.state !== "held") return refuse(m, "not_held", { final_state: booking?.state ?? "cancelled" });
    release(state, sockets, booking, "cancelled", 0, m.reason);
    return { type: "done", id: m.id, drop: booking.drop };
  },
  "customer.restrict"(state, sockets, m) {
    const customer = customer_of(state, m.customer);
    customer.restricted = m.restricted;
    publish(state, sockets, state.seq, { customers: [customer] });
    return { type: "done", id: m.id };
  },
};

function correct(state, sockets, m, available_of) {
  const row = state.catalog.get(m.sku);
  if (!row || row.available === null) return refuse(m, "invalid", { field: "sku" });
  const available = available_of(row);
  if (available < 0 && !m.force) return refuse(m, "below_committed", { committed: row.booked + row.allocated });
  const before = state.seq++;
  row.available = Math.max(0, available);
  row.shortage = Math.max(0, -available);
  const drops = [...state.drops.values()].filter((drop) => drop.sku === m.sku);
  const changed = { drops, bookings: [], waiters: [], catalog: [row] };
  for (const drop of drops) promote(state, sockets, drop, row, changed);
  publish(state, sockets, before, changed);
  return { type: "done", id: m.id, sku: m.sku };
}

async function body_of(request) {
  let text = "";
  for await (const part of request) text += part;
  return JSON.parse(text);
}

async function serve(request, response, state, dist, sockets) {
  const url = new URL(request.url ?? "/", "http://mock");
  const json = (body) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (url.pathname === "/v1/lives")
    return json({
      lives: [{ live: state.live.id, shop: state.live.shop, title: state.live.title, state: state.live.state }],
    });
  if (/^\/v1\/shops\/[^/]+\/skus$/.test(url.pathname)) {
    if (!is_host(claims_of((request.headers.authorization ?? "").replace("Bearer ", "")))) {
      return response
        .writeHead(401, { "content-type": "application/problem+json" })
        .end(JSON.stringify({ code: "unauthorized", title: "unauthorized", status: 401 }));
    }
    const query = (url.searchParams.get("query") ?? "").toLowerCase();
    return json({
      skus: [...state.catalog.values()].filter((row) => `${row.sku} ${row.title}`.toLowerCase().includes(query)),
      next: null,
    });
  }
  const bearer = claims_of((request.headers.authorization ?? "").replace("Bearer ", ""));
  const payment = /^\/v1\/sandbox\/([^/]+)$/.exec(url.pathname)?.[1];
  if (payment && request.method === "POST") {
    const status = bearer ? sandbox(state, sockets, payment, (await body_of(request)).action) : 401;
    return response.writeHead(status, { "content-type": "application/json" }).end("{}");
  }
  if (/^\/v1\/shops\/[^/]+\/orders$/.test(url.pathname) && is_host(bearer)) {
    const wanted = url.searchParams.get("state");
    return json({ orders: state.archive.filter((row) => row.state === wanted).map(order_row), next: null });
  }
  if (url.pathname.includes("/ledger/")) return serve_ledger(response, url, state, bearer);
  const page =
    url.pathname === "/admin/audit"
      ? "audit"
      : url.pathname === "/"
        ? "home"
        : /^\/(watch|overlay|host)\/[^/]+$/.exec(url.pathname)?.[1];
  const file = page ? `${page}.html` : /^\/(assets\/|embed\.js$)/.test(url.pathname) ? url.pathname.slice(1) : null;
  const path = normalize(join(dist, file ?? "missing.html"));
  const body = await readFile(path).catch(() => null);
  const html = path.endsWith(".html");
  response.writeHead(body && file ? 200 : 404, {
    "content-type": TYPES[extname(path)] ?? "application/octet-stream",
    ...(html && { "content-security-policy": CONTENT_POLICY, "referrer-policy": "no-referrer" }),
    // Module scripts and styles carry `crossorigin`; embed.js is loaded by pages of other origins.
    ...(file === "embed.js" && { "cross-origin-resource-policy": "cross-origin" }),
  });
  response.end(body ?? "");
}
