// A QR code, drawn: black on white in every colour scheme, so that every camera reads it.

import { qr_path } from "../../core/qr";

export function Qr({ rows, label }: { rows: readonly string[] | null | undefined; label: string }) {
  const code = qr_path(rows);
  if (!code) return null;
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${code.size} ${code.size}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
      data-modules={code.size}
    >
      <rect width={code.size} height={code.size} fill="#ffffff" />
      <path d={code.d} fill="#000000" />
    </svg>
  );
}
