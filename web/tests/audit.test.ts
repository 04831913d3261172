// The audit page's reading of the proof.

import { describe, expect, test } from "vitest";
import { type ProofSku, places, read_proof, segments, verdict, worst_first } from "../app/core/audit";
import { sandbox_path } from "../app/core/sandbox";

const sku = (name: string, change: Partial<ProofSku> = {}): ProofSku => ({
  sku: name,
  title: name,
  in: 10,
  out: 0,
  available: 10,
  drop_reserved: 0,
  booked: 0,
  allocated: 0,
  sold: 0,
  shortage: 0,
  difference: 0,
  ...change,
});

const proof = (skus: ProofSku[], rows = 0) =>
  read_proof({ skus, views: [{ name: "gap", rows }], posted_ms: 1, lag_entries: 0, at: [] });

describe("the verdict", () => {
  test("is good only if nothing differs and every view is empty", () => {
    const good = verdict(proof([sku("a"), sku("b", { in: 5, available: 2, sold: 3 })]));
    expect(good).toMatchObject({ broken: [], filled: [], units_in: 15, difference: 0 });
    expect(good.sums).toMatchObject({ available: 12, sold: 3 });
    expect(verdict(proof([sku("a")], 2)).filled).toEqual([{ name: "gap", rows: 2 }]);
  });

  test("differences of opposite sign do not hide each other", () => {
    const bad = verdict(proof([sku("a", { difference: 2 }), sku("b", { difference: -2 })]));
    expect(bad.difference).toBe(4);
    expect(bad.broken).toHaveLength(2);
  });

  test("what is wrong is on top", () => {
    const rows = [sku("a", { in: 99 }), sku("b", { shortage: 1 }), sku("c", { difference: 1, in: 1 })];
    expect(worst_first(rows).map((row) => row.sku)).toEqual(["c", "b", "a"]);
  });
});

test("a bar's segments follow one another and fill it", () => {
  const parts = segments(sku("a", { available: 5, booked: 3, sold: 2 }));
  expect(parts.map((part) => [part.bucket, part.units])).toEqual([
    ["available", 5],
    ["booked", 3],
    ["sold", 2],
  ]);
  expect(parts.map((part) => part.from)).toEqual([0, 0.5, 0.8]);
  expect(parts.reduce((sum, part) => sum + part.share, 0)).toBeCloseTo(1);
  expect(segments(sku("a", { available: null }))).toEqual([]);
});

test("positions are understood alone, as a list and by partition", () => {
  expect(places({ epoch: 1, seq: 2 })).toEqual([{ epoch: 1, seq: 2 }]);
  expect(places([{ epoch: 1, seq: 2 }, "x"])).toEqual([{ epoch: 1, seq: 2 }]);
  expect(places({ p0: { epoch: 1, seq: 2 } })).toEqual([{ partition: "p0", epoch: 1, seq: 2 }]);
  for (const none of [null, undefined, 3]) expect(places(none)).toEqual([]);
});

test("an answer that lacks things is read as empty", () => {
  expect(read_proof({})).toEqual({ at: [], skus: [], views: [], posted_ms: null, lag_entries: 0 });
});

test("the sandbox's address says its name once", () => {
  expect(sandbox_path("sandbox/ab-1")).toBe("/v1/sandbox/ab-1");
  expect(sandbox_path("x/y")).toBe("/v1/sandbox/x%2Fy");
});
