// Open a drop: search the catalog, choose, say how.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { CatalogRow } from "../core/wire";
import { Picture } from "../parts/picture";
import { useStage } from "../parts/stage";
import { exponent } from "../words/format";
import { sentence } from "../words/words";
import { Problem, search } from "./catalog";
import { Stock } from "./stock";

const SEARCH_AFTER_MS = 250;

export function OpenDrop() {
  const { live, w } = useStage();
  const chosen = useSignal<string | null>(null);
  const row = chosen.value === null ? undefined : live.state.value.host?.catalog.get(chosen.value);
  const picked = useSignal<CatalogRow | null>(null);
  const shown = row ?? (picked.value?.sku === chosen.value ? picked.value : null);
  return (
    <section class="card panel open-drop" aria-label={w.host.sections.open}>
      <h2>{w.host.sections.open}</h2>
      {shown ? (
        <Chosen key={shown.sku} row={shown} back={() => (chosen.value = null)} />
      ) : (
        <Search
          choose={(found) => {
            picked.value = found;
            chosen.value = found.sku;
          }}
        />
      )}
    </section>
  );
}

function Search({ choose }: { choose: (row: CatalogRow) => void }) {
  const { live, w, f } = useStage();
  const query = useSignal("");
  const found = useSignal<CatalogRow[] | null>(null);
  const next = useSignal<string | null>(null);
  const trouble = useSignal<string | null>(null);
  const shop = live.state.value.live?.shop;

  const load = (cursor: string | null, signal: AbortSignal): Promise<void> =>
    search(live.server, shop ?? "", live.token.value, query.value.trim(), cursor, signal).then(
      (page) => {
        found.value = cursor ? [...(found.value ?? []), ...page.skus] : page.skus;
        next.value = page.next;
        trouble.value = null;
      },
      (error: unknown) => {
        if (signal.aborted) return;
        trouble.value =
          error instanceof Problem
            ? sentence(w, f, { ...error.detail, code: error.code, message: text(error.detail.title) })
            : w.home.failed;
      },
    );

  useEffect(() => {
    if (!shop) return;
    const abort = new AbortController();
    const timer = setTimeout(() => void load(null, abort.signal), query.value ? SEARCH_AFTER_MS : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [query.value, shop]);

  // Rows that are on the wire are newer than those of the search.
  const known = live.state.value.host?.catalog;
  const rows = (found.value ?? [...(known?.values() ?? [])].slice(0, 50)).map((row) => known?.get(row.sku) ?? row);
  return (
    <div class="search">
      <label class="field">
        <span>{w.host.search}</span>
        <input
          type="search"
          value={query.value}
          placeholder={w.host.search_hint}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => (query.value = event.currentTarget.value)}
        />
      </label>
      {trouble.value && (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      )}
      {found.value !== null && rows.length === 0 && <p class="hint">{w.host.no_result}</p>}
      <ul class="found">
        {rows.map((row) => (
          <li key={row.sku}>
            <button type="button" class="found-row" onClick={() => choose(row)} data-sku={row.sku}>
              <Picture src={row.image} title={row.title} />
              <span class="found-what">
                <span class="row-title">{row.title}</span>
                <span class="row-side">
                  {row.sku} · {f.money(row.price, row.currency)} <Flags row={row} />
                </span>
              </span>
              <span class="found-stock">{row.available === null ? w.host.unlimited : f.number(row.available)}</span>
            </button>
          </li>
        ))}
      </ul>
      {next.value && (
        <button
          type="button"
          class="button small plain"
          onClick={() => void load(next.value, new AbortController().signal)}
        >
          {w.host.more}
        </button>
      )}
    </div>
  );
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function Flags({ row }: { row: CatalogRow }) {
  const { w } = useStage();
  return (
    <>
      {!row.active && <span class="tag">{w.host.inactive}</span>}
      {row.preorder && <span class="tag">{w.host.preorder}</span>}
      {!row.physical && <span class="tag">{w.host.digital}</span>}
      {row.components.length > 0 && <span class="tag">{w.host.combination}</span>}
    </>
  );
}

function Chosen({ row, back }: { row: CatalogRow; back: () => void }) {
  const { w, f } = useStage();
  const stock: [string, string][] = [
    [w.host.available, row.available === null ? w.host.unlimited : f.number(row.available)],
    [w.host.reserved, f.number(row.drop_reserved)],
    [w.host.booked, f.number(row.booked)],
    [w.host.allocated, f.number(row.allocated)],
    [w.host.sold, f.number(row.sold)],
  ];
  return (
    <div class="chosen">
      <div class="drop-head">
        <Picture src={row.image} title={row.title} />
        <div class="drop-what">
          <h3 class="drop-title">{row.title}</h3>
          <p class="row-side">
            {row.sku} · {f.money(row.price, row.currency)} <Flags row={row} />
          </p>
        </div>
        <button type="button" class="button small plain" onClick={back}>
          {w.host.back}
        </button>
      </div>
      <dl class="buckets">
        {stock.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {row.shortage > 0 && <p class="trouble">{w.host.shortage_warning(f.number(row.shortage))}</p>}
      <OpenForm row={row} done={back} />
      {row.track_stock && row.components.length === 0 && <Stock sku={row.sku} />}
    </div>
  );
}

/** A number somebody typed: null for empty, NaN for nonsense. */
const typed = (value: FormDataEntryValue | null): number | null => {
  const text = String(value ?? "")
    .trim()
    .replace(",", ".");
  return text === "" ? null : Number(text);
};

function OpenForm({ row, done }: { row: CatalogRow; done: () => void }) {
  const { live, w, f } = useStage();
  const all = useSignal(true);
  const carved = useSignal(false);
  const scale = 10 ** exponent(row.currency);

  const open = (form: FormData): void => {
    const price = typed(form.get("price"));
    const minutes = typed(form.get("minutes"));
    const hold = typed(form.get("hold"));
    const limit = typed(form.get("limit")) ?? 0;
    live.ask({
      type: "drop.open",
      sku: row.sku,
      units: all.value ? "all" : Math.round(typed(form.get("units")) ?? 1),
      mode: carved.value ? "carved" : "shared",
      per_customer_limit: Math.round(limit),
      ...(price !== null && { price: Math.round(price * scale) }),
      ...(minutes !== null && { ends_at_ms: Math.round(live.clock.now() + minutes * 60_000) }),
      ...(hold !== null && { booking_timeout_min: Math.round(hold) }),
      pinned: form.get("pinned") !== null,
    });
    done();
  };

  return (
    <form
      class="open-form"
      onSubmit={(event) => {
        event.preventDefault();
        open(new FormData(event.currentTarget));
      }}
    >
      <fieldset class="choice">
        <legend>{w.host.units}</legend>
        <label>
          <input type="radio" name="all" checked={all.value} onChange={() => (all.value = true)} /> {w.host.units_all}
        </label>
        <label>
          <input type="radio" name="all" checked={!all.value} onChange={() => (all.value = false)} />{" "}
          {w.host.units_count}
        </label>
        <input
          type="number"
          name="units"
          min={1}
          step={1}
          defaultValue={10}
          aria-label={w.host.units_count}
          disabled={all.value}
        />
      </fieldset>
      <fieldset class="choice">
        <legend>{w.host.mode}</legend>
        <label title={w.host.shared_hint}>
          <input type="radio" name="carved" checked={!carved.value} onChange={() => (carved.value = false)} />{" "}
          {w.host.shared}
        </label>
        <label title={w.host.carved_hint}>
          <input type="radio" name="carved" checked={carved.value} onChange={() => (carved.value = true)} />{" "}
          {w.host.carved}
        </label>
        <p class="hint">{carved.value ? w.host.carved_hint : w.host.shared_hint}</p>
      </fieldset>
      <div class="fields">
        <label class="field">
          <span>{w.host.price}</span>
          <input
            type="number"
            name="price"
            min={0}
            step={1 / scale}
            inputMode="decimal"
            placeholder={w.host.price_hint(f.money(row.price, row.currency))}
          />
        </label>
        <label class="field">
          <span>{w.host.limit}</span>
          <input type="number" name="limit" min={0} step={1} placeholder={w.host.limit_hint} />
        </label>
        <label class="field">
          <span>{w.host.minutes}</span>
          <input type="number" name="minutes" min={0.1} step="any" placeholder={w.host.minutes_hint} />
        </label>
        <label class="field">
          <span>{w.host.hold_minutes}</span>
          <input type="number" name="hold" min={1} max={1440} step={1} placeholder={w.host.hold_minutes_hint} />
        </label>
      </div>
      <label class="check">
        <input type="checkbox" name="pinned" defaultChecked /> {w.host.pin_it}
      </label>
      <button type="submit" class="button big" disabled={!row.active} data-act="open">
        {row.active ? w.host.open : w.host.inactive}
      </button>
    </form>
  );
}
