// Orders and payments on the wire, as types. Times are Unix milliseconds, money integer minor units.

export type Method = "qris" | "transfer" | "va" | "ewallet" | "card" | "cod" | "credit";

export type OrderState =
  | "awaiting_payment"
  | "confirmed"
  | "paid"
  | "shipped"
  | "finished"
  | "cancelled"
  | "expired"
  | "late_wait"
  | "refund_due"
  | "refunded"
  | "returned";

export const ORDER_STATES: readonly OrderState[] = [
  "awaiting_payment",
  "late_wait",
  "confirmed",
  "paid",
  "shipped",
  "refund_due",
  "finished",
  "returned",
  "refunded",
  "cancelled",
  "expired",
];

export type PaymentStatus = "pending" | "failed" | "expired" | "settled" | "refund_pending" | "refunded";

export interface OrderLine {
  line: number;
  sku: string;
  title: string;
  /** Units still in the order. */
  qty: number;
  /** Units at first. */
  ordered: number;
  price: number;
  booking: string | null;
  returned: number;
}

/** One attempt to pay, as a row of an order or as the answer to `payment.start` says it. */
export interface Attempt {
  payment: string;
  method: Method;
  status: PaymentStatus;
  /** When the gateway lets it run out. */
  expires_at_ms: number | null;
  qr: string | null;
  url: string | null;
  /** The code to draw, a row a text of `0` and `1`. */
  qr_rows?: string[] | null;
  instructions?: string | null;
  sandbox?: boolean;
}

export interface OrderRow {
  order: string;
  customer: string;
  state: OrderState;
  placed_at_ms: number;
  /** End of the time to pay, or of the late wait. */
  deadline_ms: number | null;
  currency: string;
  goods: number;
  vat: number;
  vat_bp?: number;
  total: number;
  captured: number;
  /** Money still to come, where the server says it. */
  outstanding?: number;
  refund_due: number;
  refunded: number;
  method: Method | null;
  payment: Attempt | null;
  /** The server asks the gateway before it lets the order expire. */
  checking: boolean;
  secured: "cod" | "credit" | null;
  origin: "live" | "web" | "channel";
  lines: OrderLine[];
  reason: string | null;
  /** Reputation that cancelling one unpaid unit costs, where the server says it. */
  penalty?: number;
}

export type StateCounts = Partial<Record<OrderState, number>>;

export interface Checkout {
  type: "checkout";
  id: string;
  checkout: string;
  ends_at_ms: number;
  /** Deadline of each booking in it, by booking. */
  deadlines: Record<string, number>;
  goods: number;
  vat: number;
  vat_bp: number;
  total: number;
  currency: string;
  methods: Method[];
}

export interface Ordered {
  type: "ordered";
  id: string;
  order: string;
  total: number;
  currency: string;
  pay_deadline_ms: number;
  state: OrderState;
  s?: number;
  epoch?: number;
}

export interface Payment {
  type: "payment";
  id: string;
  order: string;
  payment: string;
  method: Method;
  expires_at_ms: number | null;
  pay_deadline_ms: number;
  amount: number;
  currency: string;
  qr: string | null;
  qr_rows: string[] | null;
  url: string | null;
  instructions: string | null;
  sandbox: boolean;
}

export interface CheckoutLeft {
  type: "checkout.left";
  checkout: string;
}

export type OrderEvent =
  | "placed"
  | "payment"
  | "paid"
  | "confirmed"
  | "checking"
  | "expired"
  | "cancelled"
  | "changed"
  | "late_wait"
  | "refund_due"
  | "refunded"
  | "shipped"
  | "finished"
  | "returned";

export interface OrderNews {
  type: "order";
  event: OrderEvent;
  order: OrderRow;
  reason: string | null;
  epoch: number;
  s: number;
}

export interface LineCut {
  line: number;
  qty: number;
}

export type OrderAsk =
  | { type: "checkout.start"; bookings: string[] }
  | { type: "checkout.place"; checkout: string }
  | { type: "payment.start"; order: string; method: Method }
  | {
      type: "order.cancel";
      order: string;
      lines?: LineCut[];
      reason?: string;
      at_customers_request?: boolean;
    }
  | { type: "order.confirm"; order: string; secured: "cod" | "credit" }
  | { type: "order.pay"; order: string; amount: number; method: "transfer" | "cash"; reference: string }
  | { type: "order.ship" | "order.finish" | "order.refuse"; order: string }
  | { type: "order.return"; order: string; line: number; qty: number; restock: boolean; reason: string }
  | { type: "order.refund"; order: string; amount: number; reference: string };

export const SANDBOX_ACTIONS = ["pay", "pay_twice", "pay_less", "pay_late", "fail"] as const;

export type SandboxAction = (typeof SANDBOX_ACTIONS)[number];
