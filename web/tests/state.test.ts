// The reducer: gaps are never guessed over, nothing goes backwards, absolute values win.

import { describe, expect, test } from "vitest";
import { item_key, type LiveState, nothing, reduce } from "../app/core/state";
import type { BookingNews, Held, ServerMessage, Stock } from "../app/core/wire";
import { booking, drop, item, me, recovered, snapshot, welcome } from "./fakes";

const fold = (...messages: ServerMessage[]): LiveState =>
  messages.reduce<LiveState>((state, message) => reduce(state, message).state, nothing);
const available = (state: LiveState) => state.items.get(item_key("d1", "KAOS-M"))?.available;
const stock = (p: number, s: number, left: number | null, epoch = 1): Stock => ({
  type: "stock",
  epoch,
  p,
  s,
  items: [item(left)],
});
const news = (event: BookingNews["event"], more: Partial<BookingNews> = {}): BookingNews => ({
  type: "booking",
  event,
  booking: "b1",
  drop: "d1",
  sku: "KAOS-M",
  title: "Kaos M",
  qty: 1,
  price: 99_000,
  currency: "IDR",
  deadline_ms: 3_000_000,
  reason: null,
  penalty: 0,
  reputation: 100,
  s: 101,
  ...more,
});
const held = (more: Partial<Held> = {}): Held => ({
  type: "held",
  id: "r1",
  booking: "b1",
  drop: "d1",
  sku: "KAOS-M",
  qty: 1,
  deadline_ms: 2_000_000,
  price: 99_000,
  epoch: 1,
  s: 101,
  replayed: false,
  ...more,
});

describe("stock frames", () => {
  // last position is (1, 100)
  test.each([
    ["follows on", stock(100, 110, 7), 7, 110, false],
    ["overlaps", stock(90, 110, 7), 7, 110, false],
    ["ends where the client is", stock(90, 100, 7), 7, 100, false],
    ["is older than what is known", stock(80, 99, 7), 10, 100, false],
    ["leaves a gap", stock(101, 110, 7), 10, 100, true],
    ["is of a newer epoch", stock(100, 110, 7, 2), 10, 100, true],
    ["is of an older epoch", stock(100, 110, 7, 0), 10, 100, false],
  ])("a frame that %s", (_name, frame, left, seq, resync) => {
    const step = reduce(fold(welcome()), frame);
    expect(available(step.state)).toBe(left);
    expect(step.state.position).toEqual({ epoch: 1, seq });
    expect(step.resync).toBe(resync);
  });

  test("before any snapshot is no ground to stand on", () => {
    expect(reduce(nothing, stock(0, 1, 5)).resync).toBe(true);
    expect(reduce(nothing, recovered(5)).resync).toBe(true);
  });

  test("an unlimited item stays null", () => {
    expect(available(fold(welcome(), stock(100, 101, null)))).toBeNull();
  });
});

test("a resumed connection keeps its position until the frame that closes the gap", () => {
  const state = fold(welcome(), recovered(150, { me: me({ reputation: 90 }) }));
  expect(state.position).toEqual({ epoch: 1, seq: 100 });
  expect(state.me?.reputation).toBe(90);
  expect(reduce(state, stock(100, 150, 3)).state.position).toEqual({ epoch: 1, seq: 150 });
});

test("a resync replaces the state", () => {
  const state = fold(welcome(), {
    type: "resync",
    reason: "gap",
    position: { epoch: 2, seq: 7 },
    snapshot: snapshot({ items: [item(1)] }),
  });
  expect(available(state)).toBe(1);
  expect(state.position).toEqual({ epoch: 2, seq: 7 });
});

describe("drop events", () => {
  const event = (state: "paused" | "open", s: number, epoch = 1): ServerMessage => ({
    type: "drop",
    event: "changed",
    drop: drop({ state }),
    epoch,
    s,
  });

  test("do not move the position, and an older one does not undo a newer one", () => {
    const state = fold(welcome(), event("paused", 105), event("open", 103));
    expect(state.drops.get("d1")?.state).toBe("paused");
    expect(state.position?.seq).toBe(100);
  });

  test("of a newer epoch ask for a snapshot", () => {
    expect(reduce(fold(welcome()), event("paused", 1, 2)).resync).toBe(true);
  });
});

describe("own bookings", () => {
  test("a held answer adds the booking once", () => {
    const state = fold(welcome(), held(), held({ replayed: true }));
    expect(state.me?.bookings).toHaveLength(1);
    expect(state.me?.bookings[0]).toMatchObject({ booking: "b1", title: "Kaos M", currency: "IDR" });
  });

  test("a replayed answer does not bring back what has ended", () => {
    expect(fold(welcome(), held(), news("expired"), held({ replayed: true })).me?.bookings).toEqual([]);
    // The snapshot at 100 does not have the booking of 90: it ended before this page knew of it.
    expect(fold(welcome(), held({ s: 90, replayed: true })).me?.bookings).toEqual([]);
  });

  test("an own cancel ends it once, whether the answer or the news comes first", () => {
    const answer: ServerMessage = { type: "cancelled", id: "r2", booking: "b1", qty: 2, penalty: 20, reputation: 80 };
    const told = news("cancelled", { qty: 2, penalty: 20, reputation: 80 });
    const start = welcome({ snapshot: snapshot({ me: me({ bookings: [booking({ qty: 2 })] }) }) });
    for (const order of [
      [answer, told],
      [told, answer],
    ]) {
      const state = fold(start, ...order);
      expect(state.me?.bookings).toEqual([]);
      expect(state.me?.reputation).toBe(80);
    }
  });

  test("units released by someone else leave the rest", () => {
    const start = welcome({ snapshot: snapshot({ me: me({ bookings: [booking({ qty: 3 })] }) }) });
    expect(fold(start, news("cancelled", { qty: 1 })).me?.bookings[0]?.qty).toBe(2);
  });

  test("a promotion moves units from the waiting list to a booking", () => {
    const start = welcome({
      snapshot: snapshot({ me: me({ waiting: [{ drop: "d1", sku: "KAOS-M", qty: 2, ahead_units: 4 }] }) }),
    });
    const state = fold(start, news("promoted", { qty: 1 }));
    expect(state.me?.waiting).toEqual([{ drop: "d1", sku: "KAOS-M", qty: 1, ahead_units: 4 }]);
    expect(state.me?.bookings[0]).toMatchObject({ booking: "b1", qty: 1, origin: "waitlist" });
    expect(fold(start, news("promoted", { qty: 2 })).me?.waiting).toEqual([]);
  });

  test("a tap in another window is held here too, once, and takes nobody's place", () => {
    const start = welcome({
      snapshot: snapshot({ me: me({ waiting: [{ drop: "d1", sku: "KAOS-M", qty: 2, ahead_units: 4 }] }) }),
    });
    for (const order of [[news("held")], [news("held"), held()], [held(), news("held")]]) {
      const state = fold(start, ...order);
      expect(state.me?.bookings).toHaveLength(1);
      expect(state.me?.bookings[0]).toMatchObject({ booking: "b1", qty: 1, origin: "tap" });
      expect(state.me?.waiting[0]?.qty).toBe(2);
    }
  });

  test("an extension moves the deadline", () => {
    expect(fold(welcome(), held(), news("extended", { deadline_ms: 9 })).me?.bookings[0]?.deadline_ms).toBe(9);
  });

  test("a place in the queue is told, moves up, and goes", () => {
    const place = (ahead_units: number, qty = 1): ServerMessage => ({
      type: "waiting",
      drop: "d1",
      sku: "KAOS-M",
      qty,
      ahead_units,
    });
    expect(fold(welcome(), place(3), place(1)).me?.waiting).toEqual([
      { drop: "d1", sku: "KAOS-M", qty: 1, ahead_units: 1 },
    ]);
    expect(fold(welcome(), place(3), place(0, 0)).me?.waiting).toEqual([]);
    expect(fold(welcome(), place(3), { type: "left", id: "r", drop: "d1", sku: "KAOS-M" }).me?.waiting).toEqual([]);
  });

  test("a guest has none", () => {
    expect(fold(welcome({ snapshot: snapshot({ me: null }) }), held()).me).toBeNull();
  });
});

describe("the host's view", () => {
  const row = {
    booking: "b1",
    customer: "budi",
    drop: "d1",
    sku: "KAOS-M",
    qty: 1,
    price: 1,
    deadline_ms: 1,
    booked_at_ms: 1,
    origin: "tap" as const,
  };
  const start = welcome({
    snapshot: snapshot({ catalog: [], bookings: [{ ...row, state: "held" }], waiters: [], customers: [] }),
  });
  const activity = (more: object): ServerMessage => ({ type: "activity", epoch: 1, s: 101, server_now_ms: 1, ...more });

  test("merges absolute rows by key and drops empty waits", () => {
    const wait = { drop: "d1", sku: "KAOS-M", customer: "citra", qty: 2, since_ms: 1 };
    const state = fold(
      start,
      activity({ bookings: [{ ...row, state: "expired" }], waiters: [wait], booked_total: 9, connections: 3 }),
      activity({ waiters: [{ ...wait, qty: 0 }], customers: [{ customer: "budi", reputation: 90, restricted: true }] }),
    );
    expect(state.host?.bookings.get("b1")?.state).toBe("expired");
    expect(state.host?.waiters.size).toBe(0);
    expect(state.host?.customers.get("budi")?.restricted).toBe(true);
    expect(state.host).toMatchObject({ booked_total: 9, connections: 3 });
  });

  test("keeps every held booking and a bounded history", () => {
    const over = Array.from({ length: 500 }, (_, at) => ({
      ...row,
      booking: `o${at}`,
      booked_at_ms: at,
      state: "expired" as const,
    }));
    const state = fold(start, activity({ bookings: over }));
    expect(state.host?.bookings.size).toBe(301);
    expect(state.host?.bookings.has("b1")).toBe(true);
    expect(state.host?.bookings.has("o499")).toBe(true);
    expect(state.host?.bookings.has("o0")).toBe(false);
  });

  test("a viewer has none", () => {
    expect(fold(welcome(), activity({ booked_total: 9 })).host).toBeNull();
  });
});

test("messages of a newer server change nothing", () => {
  const state = fold(welcome());
  expect(reduce(state, { type: "confetti" } as unknown as ServerMessage)).toEqual({ state, resync: false });
});
