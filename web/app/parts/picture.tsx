// The picture of an item, or its initial where there is none or it does not load.

import { useState } from "preact/hooks";

export function Picture({ src, title }: { src: string | null; title: string }) {
  const [broken, set_broken] = useState<string | null>(null);
  const usable = src?.startsWith("https://") && broken !== src ? src : undefined;
  return (
    <div class="picture">
      {usable ? (
        <img
          src={usable}
          alt=""
          loading="lazy"
          decoding="async"
          referrerpolicy="no-referrer"
          onError={() => set_broken(usable)}
        />
      ) : (
        <span aria-hidden="true">{initial(title)}</span>
      )}
    </div>
  );
}

const initial = (title: string): string => [...title.trim()][0]?.toUpperCase() ?? "·";
