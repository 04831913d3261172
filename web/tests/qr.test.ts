// The path of a QR code covers exactly the dark modules.

import { expect, test } from "vitest";
import { QUIET, qr_path } from "../app/core/qr";
import { QR_ROWS } from "../dev/mock-qr.mjs";

/** Paints a path of rectangles back into rows. */
function paint(size: number, d: string): string[] {
  const cells = Array.from({ length: size }, () => Array.from({ length: size }, () => "0"));
  for (const [, x, y, length, back] of d.matchAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g)) {
    expect(back).toBe(length);
    for (let at = 0; at < Number(length); at++) {
      const line = cells[Number(y)];
      if (line) line[Number(x) + at] = "1";
    }
  }
  return cells.map((line) => line.join(""));
}

test("a real code comes back module by module, with its quiet zone", () => {
  const code = qr_path(QR_ROWS);
  expect(code).not.toBeNull();
  if (!code) return;
  expect(code.size).toBe(QR_ROWS.length + 2 * QUIET);
  const painted = paint(code.size, code.d);
  const inner = painted.slice(QUIET, -QUIET).map((line) => line.slice(QUIET, -QUIET));
  expect(inner).toEqual(QR_ROWS);
  const dark = (lines: string[]) => lines.join("").replaceAll("0", "").length;
  expect(dark(painted)).toBe(dark(QR_ROWS));
});

test("a run of dark modules is one rectangle", () => {
  expect(qr_path(["110", "000", "101"])?.d).toBe("M4 4h2v1h-2zM4 6h1v1h-1zM6 6h1v1h-1z");
});

test("what is no square of 0 and 1 is not drawn", () => {
  for (const bad of [null, undefined, [], ["01"], ["01", "0"], ["0x", "11"]]) expect(qr_path(bad)).toBeNull();
});
