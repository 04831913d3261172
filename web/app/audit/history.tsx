// The stock history of one SKU: what moved, why, by whom, and what was there afterwards.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { BUCKETS, type HistoryRow, type Ledger } from "../core/audit";
import type { AuditWords } from "../words/audit/audit";
import type { Format } from "../words/format";
import { free_text } from "../words/results";
import { Csv } from "./csv";

interface Props {
  sku: string;
  title: string;
  ledger: Ledger;
  a: AuditWords;
  f: Format;
}

const COLUMNS = [...BUCKETS, "shortage"] as const;

export function History({ sku, title, ledger, a, f }: Props) {
  const rows = useSignal<HistoryRow[] | null>(null);
  const next = useSignal<string | null>(null);
  const failed = useSignal(false);
  const load = (cursor: string | null, signal: AbortSignal): Promise<void> =>
    ledger.history(sku, cursor, signal).then(
      (page) => {
        rows.value = cursor === null ? page.rows : [...(rows.value ?? []), ...page.rows];
        next.value = page.next;
        failed.value = false;
      },
      () => {
        if (!signal.aborted) failed.value = true;
      },
    );
  useEffect(() => {
    const abort = new AbortController();
    void load(null, abort.signal);
    return () => abort.abort();
  }, [sku]);
  const times = new Intl.DateTimeFormat(f.locale, { dateStyle: "short", timeStyle: "medium", hourCycle: "h23" });
  return (
    <section class="history" aria-label={a.history_of(title)}>
      <header class="history-head">
        <h4>{a.history_of(title)}</h4>
        <Csv
          ledger={ledger}
          a={a}
          path={`/skus/${encodeURIComponent(sku)}.csv`}
          name={`${sku}.csv`}
          label={a.csv_history}
        />
      </header>
      {failed.value && (
        <p class="trouble" role="alert">
          {a.failed}
        </p>
      )}
      {rows.value === null && !failed.value && <p class="hint">{a.loading}</p>}
      {rows.value?.length === 0 && <p class="hint">{a.history_none}</p>}
      {rows.value && rows.value.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box is operated with the arrow keys
        <div class="history-box" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{a.when}</th>
                <th scope="col">{a.cause}</th>
                <th scope="col">{a.actor}</th>
                <th scope="col">{a.change}</th>
                <th scope="col">{a.after}</th>
              </tr>
            </thead>
            <tbody>
              {rows.value.map((row, at) => (
                <tr key={`${row.epoch ?? 0}.${row.seq ?? at}.${at}`}>
                  <td class="when">{times.format(row.at_ms)}</td>
                  <td>
                    <span class="cause">{row.cause}</span>
                    {free_text(row.reason) && <span class="row-side"> {free_text(row.reason)}</span>}
                  </td>
                  <td class="actor">{row.actor ?? "–"}</td>
                  <td>
                    <Deltas row={row} a={a} f={f} />
                  </td>
                  <td class="row-side">
                    {COLUMNS.filter((name) => row.after?.[name])
                      .map((name) => `${a.buckets[name]} ${f.number(row.after?.[name] ?? 0)}`)
                      .join(" · ") || "–"}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next.value !== null && (
        <button
          type="button"
          class="button small plain"
          onClick={() => void load(next.value, new AbortController().signal)}
        >
          {a.more}
        </button>
      )}
    </section>
  );
}

function Deltas({ row, a, f }: { row: HistoryRow; a: AuditWords; f: Format }) {
  const moved = COLUMNS.filter((name) => row[name]);
  return (
    <ul class="deltas">
      {moved.map((name) => {
        const delta = row[name] ?? 0;
        return (
          <li key={name} class={delta > 0 ? "plus" : "minus"}>
            {a.buckets[name]} {delta > 0 ? "+" : "−"}
            {f.number(Math.abs(delta))}
          </li>
        );
      })}
    </ul>
  );
}
