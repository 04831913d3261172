// Raise or lower the stock of a SKU, or set what was counted; below what is promised only on purpose.

import { useSignal } from "@preact/signals";
import type { Refused } from "../core/wire";
import { useStage } from "../parts/stage";
import { detail_of } from "../words/words";

export function Stock({ sku }: { sku: string }) {
  const { live, w, f } = useStage();
  const set = useSignal(false);
  const below = live.notices.value.flatMap((notice) => {
    if (notice.kind !== "answer" || notice.answer.type !== "refused" || notice.answer.code !== "below_committed")
      return [];
    const { ask } = notice;
    return ask.type === "stock.set" && ask.sku === sku
      ? [{ key: notice.key, ask, refused: notice.answer as Refused }]
      : [];
  })[0];
  const under_way = live.pending.value.some(
    ({ request }) => (request.type === "stock.add" || request.type === "stock.set") && request.sku === sku,
  );

  const save = (form: FormData): void => {
    const reason = String(form.get("reason") ?? "").trim() || w.host.reason_default;
    const number = Math.round(Number(form.get("qty")));
    if (!Number.isFinite(number)) return;
    if (set.value) live.ask({ type: "stock.set", sku, on_hand: number, reason });
    else if (number !== 0) live.ask({ type: "stock.add", sku, qty: number, reason });
  };

  return (
    <details class="stock-form">
      <summary>{w.host.stock_title}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save(new FormData(event.currentTarget));
        }}
      >
        <fieldset class="choice">
          <legend class="hidden">{w.host.stock_title}</legend>
          <label>
            <input type="radio" name="how" checked={!set.value} onChange={() => (set.value = false)} />{" "}
            {w.host.stock_add}
          </label>
          <label>
            <input type="radio" name="how" checked={set.value} onChange={() => (set.value = true)} /> {w.host.stock_set}
          </label>
        </fieldset>
        <div class="fields">
          <label class="field">
            <span>{set.value ? w.host.stock_on_hand : w.host.stock_qty}</span>
            <input type="number" name="qty" required step={1} min={set.value ? 0 : undefined} />
          </label>
          <label class="field">
            <span>{w.host.reason}</span>
            <input type="text" name="reason" maxLength={200} placeholder={w.host.reason_default} />
          </label>
        </div>
        <button type="submit" class="button small" disabled={under_way}>
          {w.host.save}
        </button>
      </form>
      {below && (
        <div class="trouble" role="alert">
          <p>{w.host.force_explain(f.number(detail_of(below.refused).committed ?? 0))}</p>
          <div class="pair">
            <button type="button" class="button small plain" onClick={() => live.dismiss(below.key)}>
              {w.host.back}
            </button>
            <button
              type="button"
              class="button small danger"
              data-act="force"
              onClick={() => {
                live.dismiss(below.key);
                live.ask({ ...below.ask, force: true });
              }}
            >
              {w.host.force}
            </button>
          </div>
        </div>
      )}
    </details>
  );
}
