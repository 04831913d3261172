// The catalog search, done by the server.

import type { CatalogRow } from "../core/wire";

export interface Found {
  skus: CatalogRow[];
  next: string | null;
}

/** One page of SKUs whose name or SKU matches. */
export async function search(
  server: string,
  shop: string,
  token: string | null,
  query: string,
  cursor: string | null,
  signal: AbortSignal,
): Promise<Found> {
  const url = new URL(`/v1/shops/${encodeURIComponent(shop)}/skus`, server);
  if (query) url.searchParams.set("query", query);
  if (cursor) url.searchParams.set("cursor", cursor);
  const headers: Record<string, string> = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(url, { headers, signal });
  if (!answer.ok) throw await problem(answer);
  return (await answer.json()) as Found;
}

/** A refusal of the HTTP surface (RFC 9457), with its stable code. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly detail: Record<string, unknown>,
  ) {
    super(code);
  }
}

export async function problem(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as Record<string, unknown>;
    return new Problem(String(body.code ?? answer.status), body);
  } catch {
    return new Problem(String(answer.status), {});
  }
}
