// The overlay as a viewer uses it: shared by the watch page and by the web component.

import { DropCard } from "./drop-card";
import { Mine } from "./mine";
import { Notices } from "./notices";
import { useStage } from "./stage";
import { ConnectionStatus } from "./status";
import { TillBar } from "./till/bar";
import { Till } from "./till/sheet";

export function Viewer({ guest }: { guest?: () => void }) {
  const { live, w } = useStage();
  const drops = live.drops.value.filter((drop) => drop.state !== "closed");
  const { live: about } = live.state.value;
  return (
    <div class="viewer">
      <ConnectionStatus guest={guest} />
      {live.sheet.value === null && <Notices />}
      <Mine />
      <TillBar />
      {drops.length > 0 ? (
        <ul class={drops.length === 1 ? "drops single" : "drops"} aria-label={w.drop.region}>
          {drops.map((drop) => (
            <DropCard key={drop.drop} drop={drop} />
          ))}
        </ul>
      ) : (
        about && <p class="card empty">{about.state === "ended" ? w.drop.ended : w.drop.none}</p>
      )}
      <Till />
    </div>
  );
}

/** The viewer count, as everyone sees it. */
export function Viewers() {
  const { live, w, f } = useStage();
  return <span class="viewers">{w.viewers(f.number(live.state.value.viewers))}</span>;
}
