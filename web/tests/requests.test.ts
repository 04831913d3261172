// Requests: one id a tap, kept until answered, sent again with the same id.

import { beforeEach, describe, expect, test } from "vitest";
import { uuid_time_ms, uuid_v7 } from "../app/core/ids";
import { type Pending, Requests } from "../app/core/requests";
import type { Answer, Ask, Request, ServerMessage } from "../app/core/wire";
import { MemoryShelf, Time } from "./fakes";

const BOOK: Ask = { type: "book", drop: "d1", sku: "KAOS-M", qty: 1, accept_partial: false, join_waitlist: false };
const KEY = "lapak.unanswered.l1.alice";

let time: Time;
let shelf: MemoryShelf;
let sent: Request[];
let answers: { pending: Pending; answer: Answer }[];
let open: boolean;
let overdue: number;

const make = (): Requests =>
  new Requests(KEY, {
    send: (request) => {
      if (open) sent.push(request);
      return open;
    },
    now: time.now,
    timers: time.timers,
    shelf,
    answered: (pending, answer) => void answers.push({ pending, answer }),
    changed: () => {},
    overdue: () => {
      overdue += 1;
    },
  });
const ids = (): string[] => sent.map(({ id }) => id);
const held = (id: string): ServerMessage => ({
  type: "held",
  id,
  booking: "b1",
  drop: "d1",
  sku: "KAOS-M",
  qty: 1,
  deadline_ms: 1,
  price: 1,
  epoch: 1,
  s: 1,
  replayed: false,
});

beforeEach(() => {
  time = new Time();
  shelf = new MemoryShelf();
  sent = [];
  answers = [];
  open = true;
  overdue = 0;
});

test("an answer ends the request and clears the shelf", () => {
  const requests = make();
  const id = requests.ask(BOOK);
  expect(JSON.parse(shelf.getItem(KEY) ?? "[]")).toEqual([{ ...BOOK, id }]);
  expect(requests.take(held(id))).toBe(true);
  expect(answers).toHaveLength(1);
  expect(requests.list()).toEqual([]);
  expect(shelf.getItem(KEY)).toBeNull();
  expect(requests.take(held(id))).toBe(false);
});

test("what is unanswered goes out again with the same id after a reconnect, in the order of the taps", () => {
  const requests = make();
  const first = requests.ask(BOOK);
  const second = requests.ask({ ...BOOK, qty: 2 });
  open = false;
  requests.closed();
  const third = requests.ask({ ...BOOK, qty: 3 });
  expect(requests.list().map(({ phase }) => phase)).toEqual(["waiting", "waiting", "waiting"]);
  open = true;
  requests.opened();
  expect(ids()).toEqual([first, second, first, second, third]);
});

test("what is unanswered survives a reload of the page", () => {
  const id = make().ask(BOOK);
  const requests = make();
  requests.opened();
  expect(ids()).toEqual([id, id]);
  requests.take(held(id));
  expect(answers[0]?.pending.restored).toBe(true);
});

test("what the server keeps no answer for is not sent again", () => {
  make().ask(BOOK);
  time.advance(24 * 3_600_000);
  expect(make().list()).toEqual([]);
});

test("a spoilt shelf is an empty one", () => {
  shelf.setItem(KEY, "{");
  expect(make().list()).toEqual([]);
  shelf.setItem(KEY, '[{"no":"id"},null]');
  expect(make().list()).toEqual([]);
});

test("unknown: asks again with the same id after retry_ms", () => {
  const requests = make();
  const id = requests.ask(BOOK);
  requests.take({ type: "unknown", id, retry_ms: 500 });
  expect(requests.list()[0]?.phase).toBe("unknown");
  time.advance(499);
  expect(ids()).toEqual([id]);
  time.advance(1);
  expect(ids()).toEqual([id, id]);
  expect(requests.list()[0]?.phase).toBe("unknown");
  requests.take(held(id));
  expect(answers).toHaveLength(1);
});

test("stale_epoch is asked again a few times, then told", () => {
  const requests = make();
  const id = requests.ask(BOOK);
  for (let round = 0; round < 5; round++) {
    requests.take({ type: "refused", id, code: "stale_epoch", retry_ms: 200 });
    time.advance(200);
  }
  expect(sent).toHaveLength(6);
  expect(answers).toEqual([]);
  requests.take({ type: "refused", id, code: "stale_epoch", retry_ms: 200 });
  expect(answers[0]?.answer).toMatchObject({ type: "refused", code: "stale_epoch" });
});

describe("answers", () => {
  test("a refusal and an error with the id are answers", () => {
    const requests = make();
    const first = requests.ask(BOOK);
    const second = requests.ask(BOOK);
    requests.take({ type: "refused", id: first, code: "sold_out", available: 0 });
    requests.take({ type: "error", id: second, code: "rate_limited", retry_ms: 100 });
    expect(answers.map(({ answer }) => answer)).toMatchObject([
      { type: "refused", code: "sold_out", available: 0 },
      { type: "refused", code: "rate_limited", retry_ms: 100 },
    ]);
  });

  test("of others, and unasked ones, are not taken", () => {
    const requests = make();
    requests.ask(BOOK);
    expect(requests.take(held("someone-else"))).toBe(false);
    expect(requests.take({ type: "waiting", drop: "d1", sku: "KAOS-M", qty: 1, ahead_units: 0 })).toBe(false);
    expect(answers).toEqual([]);
  });
});

test("no answer in 8 s makes the connection suspect", () => {
  make().ask(BOOK);
  time.advance(7_999);
  expect(overdue).toBe(0);
  time.advance(1);
  expect(overdue).toBe(1);
});

describe("ids", () => {
  test("are UUIDv7 with the server's time inside", () => {
    const id = uuid_v7(1_764_000_000_123);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuid_time_ms(id)).toBe(1_764_000_000_123);
  });

  test("differ within one millisecond", () => {
    expect(new Set(Array.from({ length: 1_000 }, () => uuid_v7(1_764_000_000_000))).size).toBe(1_000);
  });
});
