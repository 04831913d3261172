// Honest about the connection: nothing when all is well, else what is going on and what can be done.

import { useStage } from "./stage";

export function ConnectionStatus({ guest }: { guest?: () => void }) {
  const { live, w } = useStage();
  const status = live.status.value;
  return (
    <div class="connection" role="status" data-status={status.kind}>
      {status.kind === "connecting" && <p class="pill">{w.status.connecting}</p>}
      {status.kind === "offline" && <Offline retry_at={status.retry_at} busy={status.busy} />}
      {status.kind === "ended" && (
        <p class="pill bad">
          <span>{w.status[`ended_${status.why}`]}</span>
          {status.why === "token" && guest && (
            <button type="button" class="link" onClick={guest}>
              {w.status.as_guest}
            </button>
          )}
        </p>
      )}
    </div>
  );
}

function Offline({ retry_at, busy }: { retry_at: number; busy: boolean }) {
  const { live, w } = useStage();
  // Read for its ticks; the plan is on this device's own clock.
  live.now.value;
  const seconds = Math.max(0, Math.ceil((retry_at - Date.now()) / 1000));
  return (
    <p class="pill bad">
      <span aria-hidden="true">{busy ? w.status.busy(seconds) : w.status.offline(seconds)}</span>
      <span class="hidden">{busy ? w.status.busy(0) : w.status.offline(0)}</span>
      <button type="button" class="link" onClick={() => live.retry()}>
        {w.status.retry_now}
      </button>
    </p>
  );
}
