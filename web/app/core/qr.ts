// A QR code as the path of an SVG: the server makes the code, the page only draws it.

/** White modules around a code, as its standard asks for. */
export const QUIET = 4;

export interface QrPath {
  /** Width and height in modules, quiet zone included. */
  size: number;
  d: string;
}

/** Rows of `0` and `1` as one path of the dark modules; null if they are no square. */
export function qr_path(rows: readonly string[] | null | undefined): QrPath | null {
  if (!rows || rows.length === 0) return null;
  const width = rows.length;
  if (rows.some((row) => row.length !== width || /[^01]/.test(row))) return null;
  let d = "";
  for (const [y, row] of rows.entries()) {
    // A run of dark modules is one rectangle.
    for (const run of row.matchAll(/1+/g)) {
      const length = run[0].length;
      d += `M${run.index + QUIET} ${y + QUIET}h${length}v1h-${length}z`;
    }
  }
  return { size: width + 2 * QUIET, d };
}
