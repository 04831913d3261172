// The proof of the ledger, read forgivingly, and what the audit page makes of it.

export const BUCKETS = ["available", "drop_reserved", "booked", "allocated", "sold"] as const;

export type Bucket = (typeof BUCKETS)[number];

export interface ProofSku {
  sku: string;
  title: string;
  in: number;
  out: number;
  /** null = not counted. */
  available: number | null;
  drop_reserved: number;
  booked: number;
  allocated: number;
  sold: number;
  shortage: number;
  difference: number;
}

export interface ProofView {
  name: string;
  rows: number;
}

export interface Place {
  partition?: number | string;
  epoch: number;
  seq: number;
}

export interface Proof {
  at: Place[];
  skus: ProofSku[];
  views: ProofView[];
  posted_ms: number | null;
  lag_entries: number;
}

export interface HistoryRow {
  epoch?: number;
  seq?: number;
  at_ms: number;
  cause: string;
  reason: string | null;
  actor: string | null;
  available?: number;
  drop_reserved?: number;
  booked?: number;
  allocated?: number;
  sold?: number;
  shortage?: number;
  after?: Partial<Record<Bucket | "shortage", number | null>>;
}

export interface History {
  rows: HistoryRow[];
  next: string | null;
}

/** `at` is one position, a list of them, or a map by partition. */
export function places(at: unknown): Place[] {
  if (Array.isArray(at)) return at.filter(is_place);
  if (is_place(at)) return [at];
  if (typeof at !== "object" || at === null) return [];
  return Object.entries(at).flatMap(([partition, place]) => (is_place(place) ? [{ partition, ...place }] : []));
}

const is_place = (value: unknown): value is Place =>
  typeof value === "object" && value !== null && "epoch" in value && "seq" in value;

export function read_proof(body: Record<string, unknown>): Proof {
  return {
    at: places(body.at),
    skus: Array.isArray(body.skus) ? (body.skus as ProofSku[]) : [],
    views: Array.isArray(body.views) ? (body.views as ProofView[]) : [],
    posted_ms: typeof body.posted_ms === "number" ? body.posted_ms : null,
    lag_entries: typeof body.lag_entries === "number" ? body.lag_entries : 0,
  };
}

export interface Verdict {
  /** SKUs whose units do not add up. */
  broken: ProofSku[];
  /** Views that hold rows and must not. */
  filled: ProofView[];
  units_in: number;
  units_out: number;
  /** Sum of all differences, each taken as positive. */
  difference: number;
  sums: Record<Bucket | "shortage", number>;
}

export function verdict(proof: Proof): Verdict {
  const sum = (of: (row: ProofSku) => number): number => proof.skus.reduce((total, row) => total + of(row), 0);
  return {
    broken: proof.skus.filter((row) => row.difference !== 0),
    filled: proof.views.filter((view) => view.rows !== 0),
    units_in: sum((row) => row.in),
    units_out: sum((row) => row.out),
    difference: sum((row) => Math.abs(row.difference)),
    sums: {
      available: sum((row) => row.available ?? 0),
      drop_reserved: sum((row) => row.drop_reserved),
      booked: sum((row) => row.booked),
      allocated: sum((row) => row.allocated),
      sold: sum((row) => row.sold),
      shortage: sum((row) => row.shortage),
    },
  };
}

/** What is wrong on top; then what moved most. */
export const worst_first = (rows: readonly ProofSku[]): ProofSku[] =>
  [...rows].sort(
    (a, b) =>
      Number(b.difference !== 0) - Number(a.difference !== 0) ||
      Number(b.shortage > 0) - Number(a.shortage > 0) ||
      b.in - a.in ||
      a.sku.localeCompare(b.sku),
  );

export interface Segment {
  bucket: Bucket;
  units: number;
  /** Where it begins and how long it is, 0…1. */
  from: number;
  share: number;
}

/** A bar of the buckets that hold something, in the order of a unit's life. */
export function segments(row: Pick<ProofSku, Bucket>): Segment[] {
  const units = BUCKETS.map((bucket) => ({ bucket, units: Math.max(0, row[bucket] ?? 0) }));
  const total = units.reduce((sum, part) => sum + part.units, 0);
  let from = 0;
  return units.flatMap((part) => {
    if (part.units === 0) return [];
    const share = part.units / total;
    const segment = { ...part, from, share };
    from += share;
    return [segment];
  });
}

/** Why something cannot be shown. */
export class Denied extends Error {
  constructor(readonly status: number) {
    super(String(status));
  }
}

export interface Ledger {
  proof(signal: AbortSignal): Promise<Proof>;
  history(sku: string, cursor: string | null, signal: AbortSignal): Promise<History>;
  /** A CSV of the ledger, as a file. */
  csv(path: string): Promise<Blob>;
}

export function ledger(server: string, shop: string, token: () => string | null): Ledger {
  const base = `/v1/shops/${encodeURIComponent(shop)}/ledger`;
  const get = async (path: string, signal?: AbortSignal): Promise<Response> => {
    const bearer = token();
    const answer = await fetch(new URL(base + path, server), {
      headers: bearer ? { authorization: `Bearer ${bearer}` } : {},
      cache: "no-store",
      ...(signal && { signal }),
    });
    if (!answer.ok) throw new Denied(answer.status);
    return answer;
  };
  return {
    proof: async (signal) => read_proof((await (await get("/proof", signal)).json()) as Record<string, unknown>),
    history: async (sku, cursor, signal) => {
      const query = cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`;
      const body = (await (await get(`/skus/${encodeURIComponent(sku)}${query}`, signal)).json()) as Partial<History>;
      return { rows: body.rows ?? [], next: body.next ?? null };
    },
    csv: async (path) => (await get(path)).blob(),
  };
}
