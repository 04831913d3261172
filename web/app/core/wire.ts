// The wire contract, version 1, as types. Times are Unix milliseconds, money integer minor units.

import type {
  Checkout,
  CheckoutLeft,
  Method,
  OrderAsk,
  Ordered,
  OrderNews,
  OrderRow,
  Payment,
  StateCounts,
} from "./order-wire";

export interface Position {
  epoch: number;
  seq: number;
}

export type VideoKind = "demo" | "hls" | "mp4" | "embed" | "none";

export interface Live {
  id: string;
  shop: string;
  title: string;
  state: "live" | "ended";
  lang: string;
  accent: string | null;
  currency: string;
  video: { kind: VideoKind; url: string | null };
  links: { label: string; url: string }[];
}

export type DropState = "scheduled" | "open" | "paused" | "closed";

export interface Drop {
  drop: string;
  sku: string;
  title: string;
  image: string | null;
  price: number;
  currency: string;
  state: DropState;
  opens_at_ms: number | null;
  ends_at_ms: number | null;
  /** Units of a carved drop; null where the drop sells whatever is available. */
  units: number | null;
  mode: "shared" | "carved";
  /** 0 = no limit. */
  per_customer_limit: number;
  booking_timeout_ms: number;
  pinned: boolean;
  waitlist: boolean;
}

export interface Item {
  drop: string;
  sku: string;
  /** null = unlimited. */
  available: number | null;
  booked: number;
  sold_out: boolean;
  waiting: number;
}

export type Origin = "tap" | "waitlist";

export interface OwnBooking {
  booking: string;
  drop: string;
  sku: string;
  title: string;
  qty: number;
  price: number;
  currency: string;
  deadline_ms: number;
  state: string;
  origin: Origin;
  booked_at_ms: number;
  /** Reputation a cancelled unit costs, where the server says it. */
  penalty?: number;
}

export interface OwnWait {
  drop: string;
  sku: string;
  qty: number;
  ahead_units: number;
  since_ms?: number;
}

export type Role = "viewer" | "moderator" | "host" | "admin";

export interface Me {
  customer: string;
  role: Role;
  reputation: number;
  restricted: boolean;
  bookings: OwnBooking[];
  waiting: OwnWait[];
  /** Newest first; absent from a server that has no orders. */
  orders?: OrderRow[];
  /** The ways to pay that are offered here. */
  methods?: Method[];
}

export interface CatalogRow {
  sku: string;
  title: string;
  image: string | null;
  price: number;
  currency: string;
  available: number | null;
  drop_reserved: number;
  booked: number;
  allocated: number;
  sold: number;
  shortage: number;
  active: boolean;
  preorder: boolean;
  physical: boolean;
  track_stock: boolean;
  components: { sku: string; qty: number }[];
}

export interface BookingRow {
  booking: string;
  customer: string;
  drop: string;
  sku: string;
  qty: number;
  price: number;
  state: "held" | "ordered" | "cancelled" | "expired";
  deadline_ms: number;
  booked_at_ms: number;
  origin: Origin;
}

export interface WaiterRow {
  drop: string;
  sku: string;
  customer: string;
  qty: number;
  since_ms: number;
}

export interface CustomerRow {
  customer: string;
  reputation: number;
  restricted: boolean;
}

export interface Snapshot {
  live: Live;
  drops: Drop[];
  items: Item[];
  viewers: number;
  me: Me | null;
  catalog?: CatalogRow[];
  bookings?: BookingRow[];
  waiters?: WaiterRow[];
  customers?: CustomerRow[];
  orders?: OrderRow[];
  orders_by_state?: StateCounts;
  booked_total?: number;
  connections?: number;
}

export interface ReconnectPolicy {
  base_ms: number;
  cap_ms: number;
  spread_ms: number;
}

export interface Welcome {
  type: "welcome";
  connection: string;
  live: string;
  position: Position;
  recovered: boolean;
  server_now_ms: number;
  reconnect: ReconnectPolicy;
  me?: Me | null;
  snapshot?: Snapshot;
}

export interface Resync {
  type: "resync";
  reason: string;
  position?: Position;
  server_now_ms?: number;
  snapshot: Snapshot;
}

export interface Stock {
  type: "stock";
  epoch: number;
  p: number;
  s: number;
  items: Item[];
}

export interface DropNews {
  type: "drop";
  event: string;
  drop: Drop;
  epoch: number;
  s: number;
}

export interface Activity {
  type: "activity";
  epoch: number;
  s: number;
  server_now_ms: number;
  bookings?: BookingRow[];
  waiters?: WaiterRow[];
  catalog?: CatalogRow[];
  customers?: CustomerRow[];
  orders?: OrderRow[];
  orders_by_state?: StateCounts;
  booked_total?: number;
  connections?: number;
}

export interface TickerRow {
  name: string;
  sku: string;
  qty: number;
}

export interface BookingNews {
  type: "booking";
  /** `held`: a tap of any of the customer's windows, told to all of them. */
  event: "promoted" | "held" | "expired" | "cancelled" | "ordered" | "extended";
  booking: string;
  drop: string;
  sku: string;
  title: string;
  /** Left in the booking; for cancelled and expired, the units released. */
  qty: number;
  price: number;
  currency: string;
  deadline_ms: number;
  reason: string | null;
  penalty: number;
  reputation: number;
  s: number;
}

export interface Held {
  type: "held";
  id: string;
  booking: string;
  drop: string;
  sku: string;
  qty: number;
  deadline_ms: number;
  price: number;
  epoch: number;
  s: number;
  replayed: boolean;
  title?: string;
  currency?: string;
  booked_at_ms?: number;
  qty_waiting?: number;
  penalty?: number;
}

export interface Waiting {
  type: "waiting";
  /** Absent when the place changed without being asked. */
  id?: string;
  drop: string;
  sku: string;
  qty: number;
  ahead_units: number;
}

export interface Cancelled {
  type: "cancelled";
  id: string;
  booking: string;
  qty: number;
  penalty: number;
  reputation: number;
}

export interface Left {
  type: "left";
  id: string;
  drop: string;
  sku: string;
}

export interface Done {
  type: "done";
  id: string;
  drop?: string;
  sku?: string;
  order?: string;
}

export interface Refused {
  type: "refused";
  id: string;
  code: string;
  message?: string;
  [detail: string]: unknown;
}

export interface Unknown {
  type: "unknown";
  id: string;
  retry_ms: number;
}

export interface WireError {
  type: "error";
  code: string;
  message?: string;
  id?: string;
  retry_ms?: number;
}

export type ServerMessage =
  | Welcome
  | Resync
  | Stock
  | DropNews
  | Activity
  | { type: "viewers"; count: number; approximate?: boolean }
  | { type: "drain"; spread_ms: number; url?: string }
  | { type: "ticker"; bookings: TickerRow[] }
  | BookingNews
  | { type: "reputation"; reputation: number }
  | Held
  | Waiting
  | Cancelled
  | Left
  | Done
  | Checkout
  | CheckoutLeft
  | Ordered
  | Payment
  | OrderNews
  | Refused
  | Unknown
  | WireError;

/** What ends a request: exactly one of these comes for every id (an `unknown` only asks for patience). */
export type Answer = Held | Waiting | Cancelled | Left | Done | Checkout | Ordered | Payment | Refused;

export type Ask =
  | {
      type: "book";
      drop: string;
      sku: string;
      qty: number;
      accept_partial: boolean;
      join_waitlist: boolean;
    }
  | { type: "cancel"; booking: string }
  | { type: "wait.leave"; drop: string; sku: string }
  | {
      type: "drop.open";
      sku: string;
      units: number | "all";
      mode: "shared" | "carved";
      price?: number;
      opens_at_ms?: number;
      ends_at_ms?: number;
      per_customer_limit?: number;
      booking_timeout_min?: number;
      pinned?: boolean;
    }
  | { type: "drop.pause" | "drop.resume"; drop: string }
  | { type: "drop.close"; drop: string; withdraw?: boolean }
  | { type: "drop.pin"; drop: string; pinned?: boolean }
  | { type: "drop.extend"; drop: string; minutes: number }
  | { type: "stock.add"; sku: string; qty: number; reason: string }
  | { type: "stock.set"; sku: string; on_hand: number; reason: string; force?: boolean }
  | { type: "booking.cancel"; booking: string; reason: string }
  | { type: "customer.restrict"; customer: string; restricted: boolean }
  | OrderAsk;

export type Request = Ask & { id: string };

/** The objects of one frame: one JSON object a line; a line that is none is left out. */
export function split(frame: string): ServerMessage[] {
  const messages: ServerMessage[] = [];
  for (const line of frame.split("\n")) {
    if (line.trim() === "") continue;
    try {
      const parsed: unknown = JSON.parse(line);
      if (typeof parsed === "object" && parsed !== null && "type" in parsed) messages.push(parsed as ServerMessage);
    } catch {
      // A torn line is as if it had not come: the next stock frame shows the gap.
    }
  }
  return messages;
}
