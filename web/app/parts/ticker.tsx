// The last bookings of others, one line each.

import { useStage } from "./stage";

export function Ticker({ rows }: { rows: number }) {
  const { live, w, f } = useStage();
  const { ticker, drops } = live.state.value;
  const titles = new Map([...drops.values()].map((drop) => [drop.sku, drop.title]));
  return (
    <ul class="ticker" aria-hidden="true">
      {ticker.slice(-rows).map((row) => (
        <li key={row.key}>{w.ticker(row.name, f.number(row.qty), titles.get(row.sku) ?? row.sku)}</li>
      ))}
    </ul>
  );
}
