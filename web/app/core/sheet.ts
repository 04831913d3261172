// Which sheet lies over the live, and what this tab keeps of a checkout through a reload.

import type { Checkout, Method, Payment } from "./order-wire";
import { empty_till, type Till } from "./orders";
import type { Shelf } from "./requests";

/** select: which bookings · checkout: what it comes to · order: one order, and paying it · orders: all of them. */
export type SheetView =
  | { kind: "select" }
  | { kind: "checkout" }
  | { kind: "order"; order: string }
  | { kind: "orders" };

export interface Kept {
  till: Till;
  sheet: SheetView | null;
}

const KINDS: ReadonlySet<string> = new Set(["select", "checkout", "order", "orders"]);

/** Writes down what the server would not say again. */
export function keep(shelf: Shelf, key: string, { till, sheet }: Kept): void {
  try {
    const { checkout, attempts, methods } = till;
    if (!sheet && !checkout && attempts.size === 0 && methods.size === 0) shelf.removeItem(key);
    else
      shelf.setItem(key, JSON.stringify({ sheet, checkout, attempts: [...attempts.values()], methods: [...methods] }));
  } catch {
    // Storage is full or forbidden: it lives as long as this page.
  }
}

/** What was kept; anything that does not look like it is as nothing. */
export function kept(shelf: Shelf, key: string): Kept {
  try {
    const found = JSON.parse(shelf.getItem(key) ?? "null") as {
      sheet: SheetView | null;
      checkout: Checkout | null;
      attempts: Payment[];
      methods: [string, Method[]][];
    } | null;
    if (!found || !Array.isArray(found.attempts) || !Array.isArray(found.methods)) return nothing_kept();
    return {
      sheet: found.sheet && KINDS.has(found.sheet.kind) ? found.sheet : null,
      till: {
        ...empty_till,
        checkout: found.checkout?.deadlines ? found.checkout : null,
        attempts: new Map(found.attempts.map((answer) => [answer.order, answer])),
        methods: new Map(found.methods),
      },
    };
  } catch {
    return nothing_kept();
  }
}

const nothing_kept = (): Kept => ({ till: empty_till, sheet: null });
