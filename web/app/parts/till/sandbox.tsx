// The pretended bank of a demo, so that the whole way can be tried by hand.

import { useSignal } from "@preact/signals";
import { type Attempt, type OrderRow, SANDBOX_ACTIONS, type SandboxAction } from "../../core/order-wire";
import { play } from "../../core/sandbox";
import { useStage } from "../stage";

/** What can be played: an order that ran out can still be paid late. */
function actions_for(row: OrderRow, payment: Attempt): readonly SandboxAction[] {
  if (row.state === "awaiting_payment" && payment.status === "pending") return SANDBOX_ACTIONS;
  if (row.state === "expired" || (row.state === "awaiting_payment" && payment.status === "expired"))
    return ["pay_late"];
  return [];
}

export function Sandbox({ row, payment }: { row: OrderRow; payment: Attempt }) {
  const { live, w } = useStage();
  const said = useSignal<"sent" | "failed" | null>(null);
  const busy = useSignal(false);
  const actions = actions_for(row, payment);
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
        {row.state === "awaiting_payment" && (
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
      <p class={said.value === "failed" ? "result bad" : "hint"} role="status">
        {said.value && w.till.sandbox[said.value]}
      </p>
    </section>
  );
}
