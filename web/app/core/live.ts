// A page's view of one live, as signals: connection, clock, requests and state put together.

import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { Clock } from "./clock";
import { Connection, type Socket, type Status } from "./connection";
import type { OrderNews, OrderState } from "./order-wire";
import { browser_timers, type Pending, Requests } from "./requests";
import { keep, kept, type SheetView } from "./sheet";
import { item_key, type LiveState, nothing, reduce } from "./state";
import { claim } from "./token";
import type { Live as About, Answer, Ask, BookingNews, Drop, Item, ServerMessage } from "./wire";

/** Something to tell the person; the sentence is made where it is shown, in the language of the page. */
export type Notice = { key: number; at: number } & (
  | { kind: "answer"; ask: Ask; answer: Answer; restored: boolean }
  | { kind: "booking"; news: BookingNews }
  /** `before` is the state the order was known in; null if it was not known. */
  | { kind: "order"; news: OrderNews; before: OrderState | null }
);

export interface Live {
  live: string;
  server: string;
  clock: Clock;
  state: ReadonlySignal<LiveState>;
  /** The live itself: changes only with a snapshot, so what hangs on it is not redone with every frame. */
  about: ReadonlySignal<About | null>;
  status: ReadonlySignal<Status>;
  pending: ReadonlySignal<readonly Pending[]>;
  notices: Signal<readonly Notice[]>;
  /** The sheet over the live: checkout, payment, orders. */
  sheet: Signal<SheetView | null>;
  token: Signal<string | null>;
  /** Second by second, the server's time. */
  now: ReadonlySignal<number>;
  drops: ReadonlySignal<readonly Drop[]>;
  item(drop: Drop): Item | undefined;
  ask(ask: Ask): string;
  dismiss(key: number): void;
  /** Renews the token in band, or comes back with it. */
  renew(token: string | null): void;
  retry(): void;
  stop(): void;
}

export interface LiveOptions {
  live: string;
  /** Origin of the server, such as `https://lapak.example`. */
  server: string;
  token: string | null;
  lang: () => string;
}

const NOTICES_MAX = 3;

/** What concerns everyone is drawn at most this often; what concerns this person at once. */
const DRAW_MS = 100;
const FOR_EVERYONE: ReadonlySet<ServerMessage["type"]> = new Set(["stock", "activity", "viewers", "ticker"]);

/** Opens the live and keeps it open until `stop`. */
export function open_live(options: LiveOptions): Live {
  const clock = new Clock();
  const storage = shelf();
  const key = `${options.live}.${claim(options.token, "sub") ?? ""}`;
  const before = kept(storage, `lapak.till.${key}`);
  const state = signal<LiveState>({ ...nothing, till: before.till });
  const sheet = signal(before.sheet);
  const status = signal<Status>({ kind: "connecting" });
  const pending = signal<readonly Pending[]>([]);
  const notices = signal<readonly Notice[]>([]);
  const token = signal(options.token);
  const now = signal(clock.now());
  let notice_key = 0;
  // The newest state; `state` follows it when there is something to draw.
  let newest = state.peek();
  let drawing: number | null = null;

  const draw = (): void => {
    if (drawing !== null) browser_timers.clear(drawing);
    drawing = null;
    state.value = newest;
  };

  const tell = (notice: DistributiveOmit<Notice, "key" | "at">): void => {
    const full = { ...notice, key: ++notice_key, at: Date.now() } as Notice;
    notices.value = [...notices.value, full].slice(-NOTICES_MAX);
  };

  const connection = new Connection({
    open: (url) => new WebSocket(url, "lapak.v1.json") as unknown as Socket,
    now: () => Date.now(),
    random: Math.random,
    timers: browser_timers,
    url: socket_url(options.server, options.live),
    lang: options.lang,
    token: () => token.value,
    resume: () => newest.position,
    message: receive,
    opened: () => requests.opened(),
    closed: () => requests.closed(),
    status: (next) => {
      status.value = next;
    },
  });

  const requests = new Requests(`lapak.unanswered.${key}`, {
    send: (request) => connection.send(request),
    now: () => clock.now(),
    timers: browser_timers,
    shelf: storage,
    answered: ({ request, restored }, answer) => {
      lead_on(answer);
      if (worth_telling(request, answer, newest)) tell({ kind: "answer", ask: request, answer, restored });
    },
    changed: () => {
      pending.value = requests_list();
    },
    overdue: () => connection.suspect(),
  });
  function requests_list(): readonly Pending[] {
    return requests.list().map((entry) => ({ ...entry }));
  }

  function receive(message: ServerMessage, asked_at: number): void {
    if (message.type === "welcome") clock.measured(message.server_now_ms, asked_at);
    else if (message.type === "activity") clock.heard(message.server_now_ms);
    now.value = clock.now();
    const known = message.type === "order" ? newest.till.orders.get(message.order.order) : undefined;
    const step = reduce(newest, message);
    newest = step.state;
    if (!FOR_EVERYONE.has(message.type)) draw();
    else drawing ??= browser_timers.set(draw, DRAW_MS);
    if (step.resync) connection.resync();
    if (message.type === "booking" && message.event !== "extended") {
      // The answer to an own cancel says it already.
      const own = message.event === "cancelled" && pending.value.some((entry) => cancels(entry, message.booking));
      const said = notices.value.some(
        (n) => n.kind === "answer" && n.ask.type === "cancel" && n.ask.booking === message.booking,
      );
      // What was ordered is told as an order, and a tap by its answer, in the window it was made in.
      const told = message.event === "ordered" || message.event === "held";
      if (!own && !said && !told) tell({ kind: "booking", news: message });
    }
    if (message.type === "order" && message.order.customer === newest.me?.customer && !QUIET.has(message.event))
      tell({ kind: "order", news: message, before: known?.state ?? null });
    requests.take(message);
  }

  /** An answer leads the open sheet on to its next step. */
  function lead_on(answer: Answer): void {
    const open = sheet.peek()?.kind;
    if (answer.type === "checkout" && open === "select") sheet.value = { kind: "checkout" };
    if (answer.type === "ordered" && open === "checkout") sheet.value = { kind: "order", order: answer.order };
  }

  const till = computed(() => state.value.till);
  const unkeep = effect(() => keep(storage, `lapak.till.${key}`, { till: till.value, sheet: sheet.value }));

  const tick = globalThis.setInterval(() => {
    now.value = clock.now();
  }, 250);
  const online = () => connection.hurry();
  const visible = () => {
    if (document.visibilityState === "visible") connection.hurry();
  };
  globalThis.addEventListener("online", online);
  document.addEventListener("visibilitychange", visible);

  pending.value = requests_list();
  connection.start();

  return {
    live: options.live,
    server: options.server,
    clock,
    state,
    about: computed(() => state.value.live),
    status,
    pending,
    notices,
    sheet,
    token,
    now,
    drops: computed(() => in_order(state.value)),
    item: (drop) => state.value.items.get(item_key(drop.drop, drop.sku)),
    ask: (ask) => requests.ask(ask),
    dismiss: (key) => {
      notices.value = notices.value.filter((notice) => notice.key !== key);
    },
    renew: (next) => {
      token.value = next;
      connection.refresh();
    },
    retry: () => {
      connection.hurry();
      connection.start();
    },
    stop: () => {
      globalThis.clearInterval(tick);
      unkeep();
      if (drawing !== null) browser_timers.clear(drawing);
      globalThis.removeEventListener("online", online);
      document.removeEventListener("visibilitychange", visible);
      connection.stop();
    },
  };
}

/** News of an order that the open sheet shows well enough. */
const QUIET: ReadonlySet<OrderNews["event"]> = new Set(["placed", "payment", "checking"]);

/** Steps of a checkout show themselves, and what became of an own order is told as its news. */
function worth_telling(ask: Ask, answer: Answer, state: LiveState): boolean {
  if (answer.type === "checkout" || answer.type === "payment") return false;
  return !(ask.type === "order.cancel" && answer.type === "done" && state.till.orders.has(ask.order) && !state.host);
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

const cancels = (entry: Pending, booking: string): boolean =>
  entry.request.type === "cancel" && entry.request.booking === booking;

const RANK: Record<Drop["state"], number> = { open: 0, paused: 1, scheduled: 2, closed: 3 };

/** The pinned drop first, then what can be booked, then the rest; closed ones last. */
function in_order(state: LiveState): Drop[] {
  return [...state.drops.values()].sort(
    (a, b) =>
      Number(a.state === "closed") - Number(b.state === "closed") ||
      Number(b.pinned) - Number(a.pinned) ||
      RANK[a.state] - RANK[b.state],
  );
}

/** The WebSocket address of a live on a server. */
export function socket_url(server: string, live: string): string {
  return `${server.replace(/^http/, "ws").replace(/\/$/, "")}/v1/lives/${encodeURIComponent(live)}/ws`;
}

/** sessionStorage, or memory where the browser forbids it. */
function shelf(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  try {
    globalThis.sessionStorage.getItem("lapak");
    return globalThis.sessionStorage;
  } catch {
    const memory = new Map<string, string>();
    return {
      getItem: (key) => memory.get(key) ?? null,
      setItem: (key, value) => void memory.set(key, value),
      removeItem: (key) => void memory.delete(key),
    };
  }
}
