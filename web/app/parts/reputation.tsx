// The customer's reputation, drawn: 0…100.

import { useStage } from "./stage";

const LENGTH = 2 * Math.PI * 15;

export function Reputation() {
  const { live, w, f } = useStage();
  const me = live.state.value.me;
  if (!me) return null;
  const points = Math.min(100, Math.max(0, me.reputation));
  const label = w.reputation(f.number(points));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a meter element cannot be drawn as a ring
    <div
      class={points < 40 ? "reputation low" : "reputation"}
      role="meter"
      aria-label={w.reputation_short}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={points}
      aria-valuetext={label}
      title={label}
    >
      <svg viewBox="0 0 36 36" aria-hidden="true">
        <circle class="ring" cx="18" cy="18" r="15" />
        <circle
          class="ring-fill"
          cx="18"
          cy="18"
          r="15"
          stroke-dasharray={`${(points / 100) * LENGTH} ${LENGTH}`}
          transform="rotate(-90 18 18)"
        />
      </svg>
      <span aria-hidden="true">{points}</span>
    </div>
  );
}
