// The parts of the audit page: the verdict, the views that must be empty, the SKUs.

import { useSignal } from "@preact/signals";
import { type Ledger, type Proof, type ProofSku, type Verdict, worst_first } from "../core/audit";
import type { AuditWords } from "../words/audit/audit";
import type { Format } from "../words/format";
import { Bar, Figures } from "./bar";
import { History } from "./history";

/** SKUs drawn at first. */
const ROWS = 100;

interface Props {
  a: AuditWords;
  f: Format;
}

export function Verdicts({ found, proof, a, f }: Props & { found: Verdict; proof: Proof }) {
  const good = found.broken.length === 0 && found.filled.length === 0;
  return (
    <section class={good ? "verdict good" : "verdict bad"} role="status" data-verdict={good ? "good" : "bad"}>
      {found.broken.length > 0 && <h2>{a.bad(f.number(found.broken.length))}</h2>}
      {found.filled.length > 0 && <h2>{a.views_filled(f.number(found.filled.length))}</h2>}
      {good ? (
        <>
          <h2>
            <span aria-hidden="true">✓ </span>
            {a.good}
          </h2>
          <p>{a.good_text(f.number(found.units_in), f.number(proof.skus.length))}</p>
        </>
      ) : (
        <>
          <p>{a.bad_text}</p>
          <ul>
            {found.broken.slice(0, 20).map((row) => (
              <li key={row.sku}>
                {row.title} ({row.sku}): {a.difference} {signed(row.difference, f)}
              </li>
            ))}
            {found.filled.map((view) => (
              <li key={view.name}>
                {a.views[view.name]?.name ?? view.name}: {a.rows(f.number(view.rows))}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

const signed = (value: number, f: Format): string =>
  value > 0 ? `+${f.number(value)}` : value < 0 ? `−${f.number(-value)}` : f.number(0);

export function Overall({ found, a, f }: Props & { found: Verdict }) {
  return (
    <section class="card panel overall">
      <dl class="flow">
        <div>
          <dt>{a.units_in}</dt>
          <dd>{f.number(found.units_in)}</dd>
        </div>
        <div>
          <dt>{a.units_out}</dt>
          <dd>{f.number(found.units_out)}</dd>
        </div>
        <div class={found.difference === 0 ? "good" : "bad"}>
          <dt>{a.difference}</dt>
          <dd>{f.number(found.difference)}</dd>
        </div>
      </dl>
      <Bar row={found.sums} a={a} f={f} tall />
      <Figures row={found.sums} a={a} f={f} />
    </section>
  );
}

export function Views({ proof, a, f }: Props & { proof: Proof }) {
  return (
    <section class="card panel" aria-label={a.views_title}>
      <h2>{a.views_title}</h2>
      <ul class="audit-views">
        {proof.views.map((view) => (
          <li key={view.name} class={view.rows === 0 ? "good" : "bad"} data-view={view.name}>
            <span class="audit-view-mark" aria-hidden="true">
              {view.rows === 0 ? "✓" : "!"}
            </span>
            <span>
              <strong>{a.views[view.name]?.name ?? view.name}</strong>
              <span class="row-side">{a.views[view.name]?.text}</span>
            </span>
            <span class="audit-view-rows">{view.rows === 0 ? a.views_empty : a.rows(f.number(view.rows))}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Skus({ proof, ledger, a, f }: Props & { proof: Proof; ledger: Ledger }) {
  const query = useSignal("");
  const all = useSignal(false);
  const open = useSignal<string | null>(null);
  const wanted = query.value.trim().toLowerCase();
  const rows = worst_first(proof.skus).filter((row) => `${row.sku} ${row.title}`.toLowerCase().includes(wanted));
  const shown = all.value ? rows : rows.slice(0, ROWS);
  return (
    <section class="card panel" aria-label={a.skus_title}>
      <header class="panel-head">
        <h2>{a.skus_title}</h2>
        <label class="audit-search">
          <span class="hidden">{a.search}</span>
          <input
            type="search"
            value={query.value}
            placeholder={a.search_hint}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => (query.value = event.currentTarget.value)}
          />
        </label>
      </header>
      {proof.skus.length === 0 && <p class="hint">{a.no_skus}</p>}
      <ul class="audit-skus">
        {shown.map((row) => (
          <Sku
            key={row.sku}
            row={row}
            a={a}
            f={f}
            ledger={ledger}
            open={open.value === row.sku}
            toggle={() => (open.value = open.value === row.sku ? null : row.sku)}
          />
        ))}
      </ul>
      {shown.length < rows.length && (
        <button type="button" class="button small plain" onClick={() => (all.value = true)}>
          {a.show_all(f.number(rows.length))}
        </button>
      )}
    </section>
  );
}

interface SkuProps extends Props {
  row: ProofSku;
  ledger: Ledger;
  open: boolean;
  toggle: () => void;
}

function Sku({ row, ledger, open, toggle, a, f }: SkuProps) {
  return (
    <li class={row.difference === 0 ? "audit-sku" : "audit-sku broken"} data-sku={row.sku}>
      <button type="button" class="audit-sku-head" aria-expanded={open} onClick={toggle}>
        <span class="audit-sku-what">
          <span class="row-title">{row.title}</span>
          <span class="row-side">
            {row.sku} · {a.units_in} {f.number(row.in)} · {a.units_out} {f.number(row.out)}
            {row.available === null && ` · ${a.uncounted}`}
          </span>
        </span>
        <span class={row.difference === 0 ? "audit-difference good" : "audit-difference bad"}>
          {a.difference} {signed(row.difference, f)}
        </span>
      </button>
      <Bar row={row} a={a} f={f} />
      <Figures row={row} a={a} f={f} />
      {open && <History sku={row.sku} title={row.title} ledger={ledger} a={a} f={f} />}
    </li>
  );
}
