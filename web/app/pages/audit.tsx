// /admin/audit: the proof that no unit was lost or made, drawn from the ledger.
//
// The shop is the token's, or `?shop=…`.

import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { Csv } from "../audit/csv";
import { Overall, Skus, Verdicts, Views } from "../audit/parts";
import { Denied, ledger, type Place, type Proof, verdict } from "../core/audit";
import { claim, on_new_token, take_token } from "../core/token";
import { LangSwitch } from "../parts/lang-switch";
import { AUDIT } from "../words/audit/audit";
import { speech } from "../words/lang";

const AGAIN_MS = 5_000;

const page = "audit";
const tongue = speech();
const token = signal(take_token(page));
const proof = signal<Proof | null>(null);
const trouble = signal<"needs_token" | "denied" | "no_ledger" | "failed" | null>(null);
const counting = signal(false);

const shop_of = (jwt: string | null): string =>
  new URLSearchParams(location.search).get("shop") ?? claim(jwt, "shop") ?? "";
const books = () => ledger(location.origin, shop_of(token.value), () => token.peek());

let under_way: AbortController | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

async function count(): Promise<void> {
  clearTimeout(timer);
  under_way?.abort();
  if (!token.peek()) {
    trouble.value = "needs_token";
    return;
  }
  const abort = new AbortController();
  under_way = abort;
  counting.value = true;
  try {
    proof.value = await books().proof(abort.signal);
    trouble.value = null;
  } catch (error) {
    if (abort.signal.aborted) return;
    trouble.value = why(error);
  }
  counting.value = false;
  // A refused token stays refused; anything else may pass.
  if (trouble.value !== "denied") timer = setTimeout(() => void again(), AGAIN_MS);
}

/** Nobody looks at a hidden page: it waits until it is seen. */
async function again(): Promise<void> {
  if (document.visibilityState === "visible") await count();
}

function why(error: unknown): "denied" | "no_ledger" | "failed" {
  if (!(error instanceof Denied)) return "failed";
  if (error.status === 401 || error.status === 403) return "denied";
  return error.status === 404 ? "no_ledger" : "failed";
}

effect(() => {
  document.documentElement.lang = tongue.lang.value;
  document.title = `${AUDIT[tongue.lang.value].title} · Lapak`;
});

const place = ({ partition, epoch, seq }: Place): string =>
  partition === undefined ? `${epoch}/${seq}` : `${partition}: ${epoch}/${seq}`;

function Audit() {
  const a = AUDIT[tongue.lang.value];
  const f = tongue.format.value;
  const now = proof.value;
  const found = now && verdict(now);
  const times = new Intl.DateTimeFormat(f.locale, { timeStyle: "medium", hourCycle: "h23" });
  return (
    <main class="audit">
      <header class="host-top">
        <div>
          <h1>{a.title}</h1>
          <p class="row-side">
            {shop_of(token.value) && <span>{shop_of(token.value)}</span>}
            {now?.posted_ms != null && <span>{a.posted(times.format(now.posted_ms))}</span>}
            {now && <span>{now.lag_entries === 0 ? a.lag_none : a.lag(f.number(now.lag_entries))}</span>}
            {now && now.at.length > 0 && <span>{a.position(now.at.map(place).join(", "))}</span>}
          </p>
        </div>
        <div class="audit-tools">
          {token.value && (
            <button type="button" class="button small plain" disabled={counting.value} onClick={() => void count()}>
              {a.refresh}
            </button>
          )}
          <LangSwitch speech={tongue} />
        </div>
      </header>
      <p class="lead">{a.intro}</p>
      <div aria-live="polite">
        {trouble.value && <p class="trouble">{a[trouble.value]}</p>}
        {!now && !trouble.value && <p class="hint">{a.loading}</p>}
      </div>
      {now && found && (
        <>
          <Verdicts found={found} proof={now} a={a} f={f} />
          <div class="audit-grid">
            <div class="audit-side">
              <Overall found={found} a={a} f={f} />
              <Views proof={now} a={a} f={f} />
              <nav class="card panel csvs" aria-label={a.csv}>
                <h2>{a.csv}</h2>
                <Csv ledger={books()} a={a} path="/proof.csv" name="proof.csv" label={a.csv_proof} />
                <Csv ledger={books()} a={a} path="/days.csv" name="days.csv" label={a.csv_days} />
                <Csv ledger={books()} a={a} path="/audit-trail.csv" name="audit-trail.csv" label={a.csv_trail} />
              </nav>
            </div>
            <Skus proof={now} ledger={books()} a={a} f={f} />
          </div>
        </>
      )}
    </main>
  );
}

on_new_token(page, (next) => {
  token.value = next;
  proof.value = null;
  void count();
});
document.addEventListener("visibilitychange", () => void again());

const root = document.getElementById("app");
if (root) {
  root.className = "lapak";
  render(<Audit />, root);
  void count();
}
