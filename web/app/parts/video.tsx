// The video of a live: what the shop gives, or a moving stand-in for the demo.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Live as About } from "../core/wire";
import { useStage } from "./stage";
import { paint_stand_in } from "./stand-in";

export function Video({ video }: { video: About["video"] }) {
  const { w } = useStage();
  const url = video.url?.startsWith("https://") || video.url?.startsWith("/") ? video.url : null;
  if (video.kind === "demo") return <StandIn />;
  if (video.kind === "embed" && url) {
    return (
      <iframe
        class="video"
        src={url}
        title={w.video.label}
        allow="autoplay; fullscreen; encrypted-media; picture-in-picture"
        sandbox="allow-scripts allow-same-origin allow-presentation allow-popups"
        referrerpolicy="strict-origin-when-cross-origin"
      />
    );
  }
  if ((video.kind === "hls" || video.kind === "mp4") && url)
    return <Player key={url} url={url} hls={video.kind === "hls"} />;
  return <div class="video empty-video">{w.video.none}</div>;
}

function Player({ url, hls }: { url: string; hls: boolean }) {
  const { w } = useStage();
  const element = useRef<HTMLVideoElement>(null);
  const muted = useSignal(true);
  const failed = useSignal(false);
  useEffect(() => {
    const video = element.current;
    if (!video) return;
    let gone = false;
    let release = () => {};
    const native = !hls || video.canPlayType("application/vnd.apple.mpegurl") !== "";
    if (native) video.src = url;
    else {
      // Loaded only where the browser cannot play HLS itself.
      import("hls.js/light").then(
        ({ default: Hls }) => {
          if (gone) return;
          if (!Hls.isSupported()) {
            failed.value = true;
            return;
          }
          // No worker: it would come from a blob:, which the content policy forbids.
          const player = new Hls({ enableWorker: false });
          player.loadSource(url);
          player.attachMedia(video);
          player.on(Hls.Events.ERROR, (_event, data) => {
            if (data.fatal) failed.value = true;
          });
          release = () => player.destroy();
        },
        () => {
          failed.value = true;
        },
      );
    }
    return () => {
      gone = true;
      release();
      video.removeAttribute("src");
      video.load();
    };
  }, [url, hls]);
  return (
    <div class="video">
      <video
        ref={element}
        autoplay
        playsInline
        muted={muted.value}
        loop={!hls}
        aria-label={w.video.label}
        onError={() => (failed.value = true)}
      />
      {failed.value && <p class="video-failed">{w.video.failed}</p>}
      {muted.value && !failed.value && (
        <button type="button" class="button small plain unmute" onClick={() => (muted.value = false)}>
          {w.video.unmute}
        </button>
      )}
    </div>
  );
}

function StandIn() {
  const { live, w } = useStage();
  const element = useRef<HTMLCanvasElement>(null);
  const accent = live.about.value?.accent ?? null;
  useEffect(() => {
    const canvas = element.current;
    return canvas ? paint_stand_in(canvas, accent) : undefined;
  }, [accent]);
  return <canvas class="video" ref={element} role="img" aria-label={w.video.demo} />;
}
