// The mock's ledger: a proof made up from its catalog, and a history of a few movements.

const VIEWS = [
  "v_conservation",
  "v_unexplained",
  "v_balance",
  "v_booking_ended_twice",
  "v_payment_unmatched",
  "v_gap",
  "v_money",
  "v_reputation",
  "v_reward_twice",
];
const BUCKETS = ["available", "drop_reserved", "booked", "allocated", "sold", "shortage"];

function proof(state) {
  return {
    at: [{ partition: 0, epoch: state.epoch, seq: state.seq }],
    skus: [...state.catalog.values()].map((row) => {
      const difference = state.broken[row.sku] ?? 0;
      const units = (row.available ?? 0) + row.drop_reserved + row.booked + row.allocated + row.sold - row.shortage;
      const { sku, title, available, drop_reserved, booked, allocated, sold, shortage } = row;
      return {
        sku,
        title,
        in: units + 3 + difference,
        out: 3,
        available,
        drop_reserved,
        booked,
        allocated,
        sold,
        shortage,
        difference,
      };
    }),
    views: VIEWS.map((name) => ({ name, rows: state.filled[name] ?? 0 })),
    posted_ms: state.now() - 400,
    lag_entries: 0,
  };
}

function history(state, sku, cursor) {
  const row = state.catalog.get(sku);
  if (!row) return null;
  const start = cursor === null ? 0 : Number(cursor);
  const moves = [
    { cause: "order.placed", reason: null, actor: "alice", booked: -2, allocated: 2 },
    { cause: "booking.held", reason: null, actor: "alice", available: -2, booked: 2 },
    { cause: "stock.add", reason: "Dihitung ulang di rak depan", actor: "host", available: 12 },
    { cause: "booking.expired", reason: "booking_timeout", actor: "system", available: 1, booked: -1 },
    { cause: "import", reason: null, actor: "import", available: 30 },
  ];
  const after = Object.fromEntries(BUCKETS.map((name) => [name, row[name] ?? 0]));
  const rows = moves.map((move, at) => ({
    epoch: state.epoch,
    seq: state.seq - start - at,
    partition: 0,
    at_ms: state.now() - (start + at) * 61_000,
    ...move,
    after,
  }));
  return { rows, next: start === 0 ? "5" : null };
}

export function serve_ledger(response, url, state, claims) {
  const answer = (status, type, body) => response.writeHead(status, { "content-type": type }).end(body);
  const json = (body) =>
    body ? answer(200, "application/json", JSON.stringify(body)) : answer(404, "application/problem+json", "{}");
  if (claims?.role !== "admin") return answer(claims ? 403 : 401, "application/problem+json", "{}");
  const path = url.pathname.split("/ledger/")[1];
  if (path.endsWith(".csv"))
    return answer(200, "text/csv; charset=utf-8", "sku,in,out,difference\r\nKAOS-M,45,3,0\r\n");
  if (path === "proof") return json(proof(state));
  const sku = /^skus\/([^/]+)$/.exec(path)?.[1];
  return json(sku ? history(state, decodeURIComponent(sku), url.searchParams.get("cursor")) : null);
}
