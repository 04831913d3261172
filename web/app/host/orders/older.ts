// Orders that the live connection does not hold any more, from the server page by page.

import type { OrderRow, OrderState } from "../../core/order-wire";
import type { Shelf } from "../../core/orders";
import { problem } from "../catalog";

export interface OlderPage {
  orders: OrderRow[];
  next: string | null;
}

/** The state that is asked for; of ended orders, those that can still come back. */
export function state_of(shelf: Shelf): OrderState {
  if (shelf === "refunds") return "refund_due";
  return shelf === "ended" ? "finished" : shelf;
}

export async function older(
  server: string,
  shop: string,
  token: string | null,
  shelf: Shelf,
  cursor: string | null,
): Promise<OlderPage> {
  const url = new URL(`/v1/shops/${encodeURIComponent(shop)}/orders`, server);
  url.searchParams.set("state", state_of(shelf));
  if (cursor) url.searchParams.set("cursor", cursor);
  const headers: Record<string, string> = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(url, { headers });
  if (!answer.ok) throw await problem(answer);
  const body = (await answer.json()) as Partial<OlderPage>;
  return { orders: body.orders ?? [], next: body.next ?? null };
}
