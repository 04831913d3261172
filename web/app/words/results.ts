// What became of an order, as a sentence.

import type { OrderRow, OrderState } from "../core/order-wire";
import type { Format } from "./format";
import type { Words } from "./words";

export interface Result {
  text: string;
  /** good · bad · open: something is still to come. */
  mood: "good" | "bad" | "open";
}

/** The order as it stands; null while it is simply waiting for its payment. `before` is the state before this one. */
export function result_of(w: Words, f: Format, row: OrderRow, before: OrderState | null = null): Result | null {
  const { result } = w.till;
  const money = (minor: number): string => f.money(minor, row.currency);
  const extra = row.refund_due > 0 && row.state !== "refund_due" ? ` ${result.refund_due(money(row.refund_due))}` : "";
  switch (row.state) {
    case "awaiting_payment":
      return null;
    case "paid": {
      const text = late(before) ? result.paid_late : result.paid(money(row.captured || row.total));
      const more = row.refund_due > 0 ? ` ${result.too_much(money(row.refund_due))}` : "";
      return { text: text + more, mood: "good" };
    }
    case "confirmed":
      return { text: row.secured === "credit" ? result.confirmed_credit : result.confirmed_cod, mood: "good" };
    case "shipped":
      return { text: result.shipped + extra, mood: "good" };
    case "finished":
      return { text: result.finished + extra, mood: "good" };
    case "expired":
      return { text: `${result.expired} ${result.expired_late}`, mood: "bad" };
    case "cancelled":
      return { text: result.cancelled(free_text(row.reason)) + extra, mood: "bad" };
    case "late_wait":
      return { text: result.late_wait, mood: "open" };
    case "refund_due":
      return { text: result.refund_due(money(row.refund_due)), mood: "open" };
    case "refunded":
      return { text: result.refunded(money(row.refunded)), mood: "good" };
    case "returned":
      return { text: result.returned + extra, mood: "good" };
  }
}

const late = (before: OrderState | null): boolean => before === "expired" || before === "late_wait";

/** A reason a person wrote; a bare code such as `customer_cancel` is not worth showing. */
export const free_text = (reason: string | null): string => (reason && !/^[a-z_.]+$/.test(reason) ? reason : "");
