// Stand-ins for the ports of the client core: a clock with timers, sockets, a shelf, and messages to feed.

import type { Socket } from "../app/core/connection";
import type { Shelf, Timers } from "../app/core/requests";
import type { Drop, Item, Live, Me, OwnBooking, Snapshot, Welcome } from "../app/core/wire";

/** Time that only moves when told; timers fire in order. */
export class Time {
  now_ms = 1_000_000;
  private next = 1;
  private readonly due = new Map<number, { at: number; action: () => void }>();

  readonly timers: Timers = {
    set: (action, delay_ms) => {
      this.due.set(this.next, { at: this.now_ms + delay_ms, action });
      return this.next++;
    },
    clear: (timer) => void this.due.delete(timer),
  };

  now = (): number => this.now_ms;

  advance(ms: number): void {
    const until = this.now_ms + ms;
    for (;;) {
      const first = [...this.due].filter(([, timer]) => timer.at <= until).sort((a, b) => a[1].at - b[1].at)[0];
      if (!first) break;
      this.due.delete(first[0]);
      this.now_ms = Math.max(this.now_ms, first[1].at);
      first[1].action();
    }
    this.now_ms = until;
  }

  /** Milliseconds until the next timer; null if there is none. */
  wait(): number | null {
    const times = [...this.due.values()].map((timer) => timer.at - this.now_ms);
    return times.length === 0 ? null : Math.min(...times);
  }
}

export class FakeSocket implements Socket {
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: Record<string, unknown>[] = [];
  closed: number | null = null;

  constructor(readonly url: string) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code = 1005): void {
    this.closed = code;
  }

  open(): void {
    this.onopen?.();
  }

  tell(...messages: object[]): void {
    this.onmessage?.({ data: messages.map((message) => JSON.stringify(message)).join("\n") });
  }

  drop(code: number, reason = ""): void {
    this.onclose?.({ code, reason });
  }
}

export class MemoryShelf implements Shelf {
  readonly kept = new Map<string, string>();
  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
  removeItem = (key: string): void => void this.kept.delete(key);
}

export const live: Live = {
  id: "l1",
  shop: "toko",
  title: "Malam Jumat",
  state: "live",
  lang: "id",
  accent: null,
  currency: "IDR",
  video: { kind: "none", url: null },
  links: [],
};

export const drop = (more: Partial<Drop> = {}): Drop => ({
  drop: "d1",
  sku: "KAOS-M",
  title: "Kaos M",
  image: null,
  price: 99_000,
  currency: "IDR",
  state: "open",
  opens_at_ms: null,
  ends_at_ms: null,
  units: null,
  mode: "shared",
  per_customer_limit: 0,
  booking_timeout_ms: 900_000,
  pinned: false,
  waitlist: true,
  ...more,
});

export const item = (available: number | null, booked = 0): Item => ({
  drop: "d1",
  sku: "KAOS-M",
  available,
  booked,
  sold_out: available === 0,
  waiting: 0,
});

export const booking = (more: Partial<OwnBooking> = {}): OwnBooking => ({
  booking: "b1",
  drop: "d1",
  sku: "KAOS-M",
  title: "Kaos M",
  qty: 1,
  price: 99_000,
  currency: "IDR",
  deadline_ms: 2_000_000,
  state: "held",
  origin: "tap",
  booked_at_ms: 1_000_000,
  ...more,
});

export const me = (more: Partial<Me> = {}): Me => ({
  customer: "alice",
  role: "viewer",
  reputation: 100,
  restricted: false,
  bookings: [],
  waiting: [],
  ...more,
});

export const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({
  live,
  drops: [drop()],
  items: [item(10)],
  viewers: 5,
  me: me(),
  ...more,
});

export const welcome = (more: Partial<Welcome> = {}): Welcome => ({
  type: "welcome",
  connection: "c-1",
  live: "l1",
  position: { epoch: 1, seq: 100 },
  recovered: false,
  server_now_ms: 5_000_000,
  reconnect: { base_ms: 500, cap_ms: 20_000, spread_ms: 3_000 },
  snapshot: snapshot(),
  ...more,
});

export const recovered = (seq: number, more: Partial<Welcome> = {}): Welcome => ({
  ...welcome(more),
  recovered: true,
  snapshot: undefined,
  position: { epoch: 1, seq },
});
