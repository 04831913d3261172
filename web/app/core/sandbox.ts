// The demo's pretended bank: tells the server what the payer is to have done.

import type { SandboxAction } from "./order-wire";

/** `/v1/sandbox/{payment}`; the gateway's name that stands before an id is not said twice. */
export function sandbox_path(payment: string): string {
  const own = payment.startsWith("sandbox/") ? payment.slice("sandbox/".length) : payment;
  return `/v1/sandbox/${encodeURIComponent(own)}`;
}

/** True if the sandbox took it. */
export async function play(
  server: string,
  token: string | null,
  payment: string,
  action: SandboxAction,
): Promise<boolean> {
  try {
    const answer = await fetch(new URL(sandbox_path(payment), server), {
      method: "POST",
      headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ action }),
    });
    return answer.ok;
  } catch {
    return false;
  }
}
