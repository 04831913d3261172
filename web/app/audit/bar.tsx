// Every bucket of a SKU as one stacked bar, and the same in figures.

import { BUCKETS, type Bucket, type ProofSku, segments } from "../core/audit";
import type { AuditWords } from "../words/audit/audit";
import type { Format } from "../words/format";

const LENGTH = 1000;

interface Props {
  row: Pick<ProofSku, Bucket | "shortage">;
  a: AuditWords;
  f: Format;
  tall?: boolean;
}

export function Bar({ row, a, f, tall = false }: Props) {
  const parts = segments(row);
  const label = parts.map((part) => `${a.buckets[part.bucket]} ${f.number(part.units)}`).join(", ");
  return (
    <svg
      class={tall ? "stack tall" : "stack"}
      viewBox={`0 0 ${LENGTH} 10`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label || "0"}
    >
      <rect class="stack-empty" width={LENGTH} height="10" />
      {parts.map((part) => (
        <rect
          key={part.bucket}
          class={`stack-${part.bucket}`}
          x={part.from * LENGTH}
          width={part.share * LENGTH}
          height="10"
          data-bucket={part.bucket}
          data-units={part.units}
        >
          <title>{`${a.buckets[part.bucket]} ${f.number(part.units)}`}</title>
        </rect>
      ))}
    </svg>
  );
}

export function Figures({ row, a, f }: Props) {
  return (
    <dl class="figures">
      {BUCKETS.map((bucket) => (
        <div key={bucket} class={row[bucket] ? undefined : "none"}>
          <dt>
            <span class={`dot stack-${bucket}`} aria-hidden="true" />
            {a.buckets[bucket]}
          </dt>
          <dd>{row[bucket] === null ? "∞" : f.number(row[bucket])}</dd>
        </div>
      ))}
      {row.shortage > 0 && (
        <div class="bad">
          <dt>{a.buckets.shortage}</dt>
          <dd>{f.number(row.shortage)}</dd>
        </div>
      )}
    </dl>
  );
}
