// The pretended bank of a demo, so that the whole way can be tried by hand.

import { useSignal } from "@preact/signals";
import { type Attempt, type OrderRow, SANDBOX_ACTIONS, type SandboxAction } from "../../core/order-wire";
import { pay_step } from "../../core/orders";
import { play } from "../../core/sandbox";
import { useStage } from "../stage";

/** What can be played: in time all but paying late, and that when its time is over. */
function actions_for(row: OrderRow, payment: Attempt, now_ms: number): readonly SandboxAction[] {
  if (pay_step(row, payment, now_ms) === "show") return SANDBOX_ACTIONS.filter((action) => action !== "pay_late");
  if (pay_step(row, payment, now_ms) === "ran_out") return ["pay_late"];
  if (row.state === "expired") return ["pay_late"];
  return [];
}

export function Sandbox({ row, payment }: { row: OrderRow; payment: Attempt }) {
  const { live, w } = useStage();
  const said = useSignal<"sent" | "failed" | null>(null);
  const busy = useSignal(false);
  const actions = actions_for(row, payment, live.now.value);
  if (actions.length === 0) return null;
  const act = async (action: SandboxAction) => {
    busy.value = true;
    said.value = null;
    said.value = (await play(live.server, live.token.value, payment.payment, action)) ? "sent" : "failed";
    busy.value = false;
  };
  return (
    <section class="sandbox" aria-label={w.till.sandbox.title}>
      <h3>{w.till.sandbox.title}</h3>
      <p class="hint">{w.till.sandbox.text}</p>
      <div class="sandbox-acts">
        {actions.map((action) => (
          <button
            key={action}
            type="button"
            class={action === "pay" ? "button small second" : "button small plain"}
            disabled={busy.value}
            data-sandbox={action}
            onClick={() => void act(action)}
          >
            {w.till.sandbox.actions[action]}
          </button>
        ))}
        {actions.includes("pay") && (
          <button
            type="button"
            class="button small plain"
            data-sandbox="never"
            onClick={() => (live.sheet.value = null)}
          >
            {w.till.sandbox.never}
          </button>
        )}
      </div>
      {actions.includes("pay") && <p class="hint">{w.till.sandbox.late}</p>}
      <p class={said.value === "failed" ? "result bad" : "hint"} role="status">
        {said.value && w.till.sandbox[said.value]}
      </p>
    </section>
  );
}
