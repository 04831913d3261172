// What is bought: one row a line with picture, quantity and price; and the sums below.

import { picture_of } from "../../core/orders";
import { Picture } from "../picture";
import { useStage } from "../stage";

interface Bought {
  key: string;
  sku: string;
  title: string;
  qty: number;
  price: number;
  /** Units at first, where some were cancelled. */
  ordered?: number;
}

export function Lines({ lines, currency }: { lines: readonly Bought[]; currency: string }) {
  const { live, w, f } = useStage();
  const { drops } = live.state.value;
  return (
    <ul class="lines" aria-label={w.till.orders.lines}>
      {lines.map((line) => (
        <li key={line.key} class={line.qty === 0 ? "line gone" : "line"}>
          <Picture src={picture_of(drops, line.sku)} title={line.title} />
          <span class="line-what">
            <span class="line-title">{line.title}</span>
            <span class="row-side">
              {f.number(line.qty)} × {f.money(line.price, currency)}
              {line.ordered !== undefined && line.ordered !== line.qty && ` (${f.number(line.ordered)})`}
            </span>
          </span>
          <span class="line-sum">{f.money(line.price * line.qty, currency)}</span>
        </li>
      ))}
    </ul>
  );
}

interface Sums {
  goods: number;
  vat: number;
  vat_bp?: number;
  total: number;
  currency: string;
}

export function Totals({ goods, vat, vat_bp, total, currency }: Sums) {
  const { w, f } = useStage();
  const percent = vat_bp === undefined ? "" : `${f.number(vat_bp / 100)}%`;
  return (
    <dl class="totals">
      <div>
        <dt>{w.till.checkout.goods}</dt>
        <dd>{f.money(goods, currency)}</dd>
      </div>
      {vat > 0 && (
        <div>
          <dt>{w.till.checkout.vat(percent).trim()}</dt>
          <dd>{f.money(vat, currency)}</dd>
        </div>
      )}
      <div class="grand">
        <dt>{w.till.checkout.total}</dt>
        <dd>{f.money(total, currency)}</dd>
      </div>
    </dl>
  );
}
