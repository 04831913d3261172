// Requests under way: an id is made once per tap and kept until its one answer came, through reconnects
// and reloads. The server gives the same id the same answer, so sending again is always safe.

import { uuid_time_ms, uuid_v7 } from "./ids";
import type { Answer, Ask, Refused, Request, ServerMessage } from "./wire";

/** The part of sessionStorage that is needed here. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface Timers {
  set(action: () => void, delay_ms: number): number;
  clear(timer: number): void;
}

export const browser_timers: Timers = {
  set: (action, delay_ms) => Number(globalThis.setTimeout(action, delay_ms)),
  clear: (timer) => globalThis.clearTimeout(timer),
};

/** sending: on its way · unknown: the server did not learn the outcome, asking again · waiting: no connection. */
export type Phase = "sending" | "unknown" | "waiting";

export interface Pending {
  request: Request;
  phase: Phase;
  /** Sent for the last time at (local time); null if never on this connection. */
  sent_at: number | null;
  /** Times the server said "not now, come again" (`stale_epoch`). */
  again: number;
  /** Made before this page was loaded. */
  restored: boolean;
}

export interface RequestsPort {
  /** False if there is no open connection. */
  send(request: Request): boolean;
  now(): number;
  timers: Timers;
  shelf: Shelf;
  answered(pending: Pending, answer: Answer): void;
  changed(): void;
  /** An answer is overdue on a connection that looks open. */
  overdue(): void;
}

/** The server keeps answers for 24 h; older ids would be refused. */
const KEPT_MS = 23 * 3_600_000;
const OVERDUE_MS = 8_000;
const STALE_TRIES_MAX = 5;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 30_000;

export class Requests {
  private readonly pending = new Map<string, Pending>();
  private readonly timers = new Map<string, number>();

  constructor(
    private readonly key: string,
    private readonly port: RequestsPort,
  ) {
    for (const request of read(port.shelf, key, port.now())) {
      this.pending.set(request.id, { request, phase: "waiting", sent_at: null, again: 0, restored: true });
    }
  }

  /** A tap: makes the id, keeps it, sends it if there is a connection. */
  ask(ask: Ask): string {
    const id = uuid_v7(this.port.now());
    const pending: Pending = { request: { ...ask, id }, phase: "waiting", sent_at: null, again: 0, restored: false };
    this.pending.set(id, pending);
    this.save();
    this.send(pending);
    this.port.changed();
    return id;
  }

  list(): Pending[] {
    return [...this.pending.values()];
  }

  /** A new connection is open: everything unanswered goes out again, in the order of the taps. */
  opened(): void {
    for (const pending of this.pending.values()) this.send(pending);
    this.port.changed();
  }

  /** The connection is gone: nothing is lost, everything waits. */
  closed(): void {
    for (const [id, pending] of this.pending) {
      this.disarm(id);
      pending.phase = "waiting";
      pending.sent_at = null;
    }
    this.port.changed();
  }

  /** Takes a message of the server; returns true if it belonged to a request of this page. */
  take(message: ServerMessage): boolean {
    const id = "id" in message ? message.id : undefined;
    const pending = id === undefined ? undefined : this.pending.get(id);
    if (id === undefined || pending === undefined) return false;
    switch (message.type) {
      case "unknown":
        this.later(pending, "unknown", message.retry_ms);
        return true;
      case "refused":
        if (message.code === "stale_epoch" && pending.again < STALE_TRIES_MAX) {
          pending.again += 1;
          this.later(pending, "unknown", Number(message.retry_ms ?? 500));
        } else this.end(pending, message);
        return true;
      case "error":
        this.end(pending, { ...message, type: "refused", id } satisfies Refused);
        return true;
      case "held":
      case "waiting":
      case "cancelled":
      case "left":
      case "done":
      case "checkout":
      case "ordered":
      case "payment":
        this.end(pending, { ...message, id } as Answer);
        return true;
      default:
        return false;
    }
  }

  private end(pending: Pending, answer: Answer): void {
    const { id } = pending.request;
    this.disarm(id);
    this.pending.delete(id);
    this.save();
    this.port.answered(pending, answer);
    this.port.changed();
  }

  private send(pending: Pending): void {
    const { id } = pending.request;
    this.disarm(id);
    if (!this.port.send(pending.request)) {
      pending.phase = "waiting";
      pending.sent_at = null;
      return;
    }
    if (pending.phase === "waiting") pending.phase = "sending";
    pending.sent_at = this.port.now();
    this.arm(id, OVERDUE_MS, () => this.port.overdue());
  }

  private later(pending: Pending, phase: Phase, retry_ms: number): void {
    pending.phase = phase;
    const delay = Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, retry_ms));
    this.arm(pending.request.id, delay, () => {
      this.send(pending);
      this.port.changed();
    });
    this.port.changed();
  }

  private arm(id: string, delay_ms: number, action: () => void): void {
    this.disarm(id);
    this.timers.set(id, this.port.timers.set(action, delay_ms));
  }

  private disarm(id: string): void {
    const timer = this.timers.get(id);
    if (timer !== undefined) this.port.timers.clear(timer);
    this.timers.delete(id);
  }

  private save(): void {
    try {
      if (this.pending.size === 0) this.port.shelf.removeItem(this.key);
      else this.port.shelf.setItem(this.key, JSON.stringify(this.list().map((pending) => pending.request)));
    } catch {
      // Storage is full or forbidden: the ids live as long as this page.
    }
  }
}

function read(shelf: Shelf, key: string, now_ms: number): Request[] {
  try {
    const kept: unknown = JSON.parse(shelf.getItem(key) ?? "[]");
    if (!Array.isArray(kept)) return [];
    return (kept as Request[]).filter(
      (request) => typeof request?.id === "string" && now_ms - uuid_time_ms(request.id) < KEPT_MS,
    );
  } catch {
    return [];
  }
}
