// One live connection that outlives its sockets: connects, resumes, and comes back as the server's policy and
// the close code say. While the server drains, the new socket is open before the old one is closed.

import type { Timers } from "./requests";
import { type Position, type ReconnectPolicy, type ServerMessage, split, type Welcome } from "./wire";

/** The part of WebSocket that is needed here. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** Why there will be no further attempt until something changes. */
export type Ended = "token" | "forbidden" | "not_found" | "refused_frame";

export type Status =
  | { kind: "connecting" }
  | { kind: "open" }
  | { kind: "offline"; retry_at: number; busy: boolean }
  | { kind: "ended"; why: Ended };

export interface ConnectionPort {
  open(url: string): Socket;
  /** Local time, milliseconds. */
  now(): number;
  random(): number;
  timers: Timers;
  url: string;
  lang(): string;
  token(): string | null;
  /** The position to resume from; null asks for a snapshot. */
  resume(): Position | null;
  message(message: ServerMessage, asked_at: number): void;
  /** A welcome was processed: the socket may be written to. */
  opened(): void;
  closed(): void;
  status(status: Status): void;
}

const DEFAULT_POLICY: ReconnectPolicy = { base_ms: 500, cap_ms: 20_000, spread_ms: 3_000 };
const WELCOME_WITHIN_MS = 10_000;

interface Line {
  socket: Socket;
  asked_at: number;
  welcomed: boolean;
  /** It asked to resume, not for a snapshot. */
  resumed: boolean;
  timer: number;
}

export class Connection {
  private policy = DEFAULT_POLICY;
  private current: Line | null = null;
  private next: Line | null = null;
  private timer: number | null = null;
  private attempts = 0;
  private spread_ms: number | null = null;
  private retry_ms: number | null = null;
  private stopped = true;
  private wants_snapshot = false;
  private url: string;

  constructor(private readonly port: ConnectionPort) {
    this.url = port.url;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.attempts = 0;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.unplan();
    this.abandon("next");
    this.abandon("current");
  }

  /** Sends one message; false if there is no open connection. */
  send(message: object): boolean {
    if (!this.current?.welcomed) return false;
    this.current.socket.send(JSON.stringify(message));
    return true;
  }

  /** The network or the user says that now is a good moment. */
  hurry(): void {
    if (this.stopped || this.current || this.next) return;
    this.unplan();
    this.connect();
  }

  /** A token came: renews in band where there is a connection, comes back where the old one was the trouble. */
  refresh(): void {
    const token = this.port.token();
    if (token && this.send({ type: "refresh", token })) return;
    if (this.stopped) this.start();
  }

  /** The client lost the thread: a second socket brings a snapshot, then the first one closes. */
  resync(): void {
    this.wants_snapshot = true;
    this.replace();
  }

  /** The socket looks open and does not answer: replace it, resuming. */
  suspect(): void {
    this.replace();
  }

  private replace(): void {
    if (this.stopped || this.next || !this.current?.welcomed) return;
    this.unplan();
    this.next = this.dial();
  }

  private connect(): void {
    this.port.status({ kind: "connecting" });
    this.current = this.dial();
  }

  private dial(): Line {
    const socket = this.port.open(this.url);
    const line: Line = {
      socket,
      asked_at: this.port.now(),
      welcomed: false,
      resumed: false,
      timer: this.port.timers.set(() => this.hang_up(line), WELCOME_WITHIN_MS),
    };
    socket.onopen = () => {
      line.asked_at = this.port.now();
      const hello = this.hello();
      line.resumed = "resume" in hello;
      socket.send(JSON.stringify(hello));
    };
    socket.onmessage = (event) => {
      if (typeof event.data !== "string") return;
      for (const message of split(event.data)) this.receive(line, message);
    };
    socket.onclose = (event) => this.lost(line, event.code, event.reason);
    return line;
  }

  private hello(): object {
    const token = this.port.token();
    const resume = this.wants_snapshot ? null : this.port.resume();
    return { type: "connect", ...(token && { token }), ...(resume && { resume }), lang: this.port.lang() };
  }

  /** No welcome in time: as if the socket had broken. */
  private hang_up(line: Line): void {
    line.socket.onclose = null;
    line.socket.close();
    this.lost(line, 1006, "");
  }

  private receive(line: Line, message: ServerMessage): void {
    if (line !== this.current && line !== this.next) return;
    if (message.type === "welcome") this.welcome(line, message);
    else if (line === this.next) return;
    else if (message.type === "drain") this.drain(message.spread_ms, message.url);
    else {
      if (message.type === "error" && typeof message.retry_ms === "number") this.retry_ms = message.retry_ms;
      this.port.message(message, line.asked_at);
    }
  }

  private welcome(line: Line, message: Welcome): void {
    if (line.welcomed) return;
    line.welcomed = true;
    this.port.timers.clear(line.timer);
    this.attempts = 0;
    this.spread_ms = null;
    this.retry_ms = null;
    this.policy = message.reconnect ?? DEFAULT_POLICY;
    if (message.snapshot) this.wants_snapshot = false;
    if (line === this.next) {
      this.abandon("current");
      this.current = line;
      this.next = null;
    }
    this.port.message(message, line.asked_at);
    this.port.status({ kind: "open" });
    this.port.opened();
    // It was dialled before the thread was lost.
    if (this.wants_snapshot && line.resumed) this.replace();
  }

  private drain(spread_ms: number, url: string | undefined): void {
    this.spread_ms = spread_ms;
    if (url) this.url = new URL(url, this.url).href;
    this.plan(this.port.random() * spread_ms, () => this.replace());
  }

  private lost(line: Line, code: number, reason: string): void {
    this.port.timers.clear(line.timer);
    if (line === this.next) {
      this.next = null;
      // The old one still serves; come again, unless it is told not to.
      if (this.current && !fatal(code)) this.plan(this.backoff(), () => this.replace());
      return;
    }
    if (line !== this.current) return;
    this.current = null;
    this.port.closed();
    if (this.stopped || this.next) {
      this.promote();
      return;
    }
    const end = fatal(code);
    if (end) {
      this.end(end);
      return;
    }
    const delay = this.delay(code, reason);
    this.port.status({ kind: "offline", retry_at: this.port.now() + delay, busy: code === 1013 || code === 4103 });
    this.plan(delay, () => this.connect());
  }

  /** The old socket went while the new one was still on its way: the new one is all there is. */
  private promote(): void {
    if (!this.next) return;
    this.current = this.next;
    this.next = null;
    this.port.status({ kind: "connecting" });
  }

  private end(why: Ended): void {
    this.stopped = true;
    this.unplan();
    this.port.status({ kind: "ended", why });
  }

  private delay(code: number, reason: string): number {
    switch (code) {
      case 1001:
      case 1012:
        return this.port.random() * (this.spread_ms ?? this.policy.spread_ms);
      case 4104:
        return 0;
      case 1013:
      case 4103:
        return this.policy.cap_ms * (0.25 + 0.75 * this.port.random());
      case 4429:
        return this.retry_ms ?? retry_of(reason) ?? this.policy.cap_ms;
      default:
        return this.backoff();
    }
  }

  /** Doubles up to the cap; a random half of it, so that a thousand clients do not come back as one. */
  private backoff(): number {
    const full = Math.min(this.policy.cap_ms, this.policy.base_ms * 2 ** Math.min(this.attempts, 20));
    this.attempts += 1;
    return full * (0.5 + 0.5 * this.port.random());
  }

  private plan(delay_ms: number, action: () => void): void {
    this.unplan();
    this.timer = this.port.timers.set(() => {
      this.timer = null;
      if (!this.stopped) action();
    }, delay_ms);
  }

  private unplan(): void {
    if (this.timer !== null) this.port.timers.clear(this.timer);
    this.timer = null;
  }

  private abandon(which: "current" | "next"): void {
    const line = this[which];
    if (!line) return;
    this[which] = null;
    this.port.timers.clear(line.timer);
    line.socket.onclose = null;
    line.socket.onmessage = null;
    line.socket.close(1000);
  }
}

function fatal(code: number): Ended | null {
  switch (code) {
    case 4400:
      return "refused_frame";
    case 4401:
    case 4408:
      return "token";
    case 4403:
      return "forbidden";
    case 4404:
      return "not_found";
    default:
      return null;
  }
}

/** A close reason that carries the wait: a number, or JSON with `retry_ms`. */
function retry_of(reason: string): number | null {
  const found = /(?:"?retry_ms"?\s*[:=]\s*)?(\d{1,8})/.exec(reason)?.[1];
  return found === undefined ? null : Number(found);
}
