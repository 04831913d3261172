// The stock of a drop as a bar and a phrase. The bar only moves where motion is welcome.

import type { Drop, Item } from "../core/wire";
import { useStage } from "./stage";

/** From this many units on downwards the phrase says "only". */
const FEW = 5;

/** Units there were: what is left and what is booked, or the units of the drop if those are more. */
export function total_of(drop: Drop, item: Item): number {
  return Math.max(drop.units ?? 0, (item.available ?? 0) + item.booked);
}

export function StockBar({ drop, item }: { drop: Drop; item: Item | undefined }) {
  const { w, f } = useStage();
  if (!item) return null;
  if (item.available === null) {
    return (
      <div class="stock">
        <span class="stock-text">{w.drop.always_ready}</span>
        <span class="stock-side">{w.drop.booked(f.number(item.booked))}</span>
      </div>
    );
  }
  const total = total_of(drop, item);
  const share = total > 0 ? Math.min(1, item.available / total) : 0;
  const left = f.number(item.available);
  const phrase = item.sold_out
    ? w.drop.sold_out
    : item.available <= FEW
      ? w.drop.few_left(left)
      : w.drop.of(left, f.number(total));
  const side = item.waiting > 0 ? w.drop.waiting_units(f.number(item.waiting)) : w.drop.booked(f.number(item.booked));
  return (
    <div class="stock">
      <span class={item.available <= FEW ? "stock-text few" : "stock-text"}>{phrase}</span>
      <span class="stock-side">{side}</span>
      {/* biome-ignore lint/a11y/useSemanticElements: a meter element cannot be styled alike in all browsers */}
      <div
        class="bar"
        role="meter"
        aria-label={w.drop.stock}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={item.available}
        aria-valuetext={phrase}
      >
        <div class="bar-fill" style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  );
}
