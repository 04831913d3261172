// The chart of bookings per second and of viewers.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { Rate } from "../core/rate";
import { useStage } from "../parts/stage";
import "uplot/dist/uPlot.min.css";

const HEIGHT = 200;

export function Chart() {
  const { live, speech, w, f } = useStage();
  const box = useRef<HTMLDivElement>(null);
  const rate = useRef(new Rate());
  const label = useSignal("");
  const lang = speech.lang.value;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    let plot = draw(element, rate.current, w.host.chart_bookings, w.host.chart_viewers, f.locale);
    const redraw = () => {
      plot.destroy();
      plot = draw(element, rate.current, w.host.chart_bookings, w.host.chart_viewers, f.locale);
    };
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    dark.addEventListener("change", redraw);
    const timer = setInterval(() => {
      const state = live.state.peek();
      if (!state.host || live.status.peek().kind !== "open") return;
      rate.current.sample(live.clock.now(), state.host.booked_total, state.viewers);
      plot.setData(data(rate.current));
      label.value = w.host.chart_label(f.number(Math.round(rate.current.latest())), f.number(state.viewers));
    }, 1000);
    return () => {
      clearInterval(timer);
      observer.disconnect();
      dark.removeEventListener("change", redraw);
      plot.destroy();
    };
  }, [lang]);

  return (
    <section class="card panel chart" aria-label={w.host.sections.chart}>
      <h2>{w.host.sections.chart}</h2>
      <div ref={box} class="chart-box" role="img" aria-label={label.value} />
    </section>
  );
}

const data = ({ series }: Rate): uPlot.AlignedData => [series.at, series.bookings, series.viewers];

function draw(element: HTMLElement, rate: Rate, bookings: string, viewers: string, locale: string): uPlot {
  const style = getComputedStyle(element);
  const ink = style.getPropertyValue("--muted").trim() || "#777";
  const line = style.getPropertyValue("--line").trim() || "#ccc";
  const accent = style.getPropertyValue("--accent-line").trim() || "#e11d48";
  const second = style.getPropertyValue("--info").trim() || "#2563eb";
  const numbers = new Intl.NumberFormat(locale, { notation: "compact" });
  const times = new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const axis = (scale: string, side: 1 | 3): uPlot.Axis => ({
    scale,
    side,
    stroke: ink,
    size: 44,
    grid: { show: side === 3, stroke: line, width: 1 },
    ticks: { show: false },
    values: (_plot, splits) => splits.map((value) => numbers.format(value)),
  });
  const show = (_plot: uPlot, value: number | null): string => (value == null ? "–" : numbers.format(value));
  return new uPlot(
    {
      width: Math.max(200, element.clientWidth),
      height: HEIGHT,
      cursor: { drag: { x: false, y: false } },
      legend: { live: false },
      scales: {
        // A minute at least, so that the first samples do not jump about.
        x: { time: true, range: (_plot, from, to) => [Math.min(from ?? 0, (to ?? 0) - 60), to ?? 0] },
        rate: { range: (_plot, _from, to) => [0, Math.max(4, (to ?? 0) * 1.15)] },
        viewers: { range: (_plot, _from, to) => [0, Math.max(10, (to ?? 0) * 1.15)] },
      },
      axes: [
        {
          stroke: ink,
          grid: { show: false },
          ticks: { show: false },
          space: 90,
          values: (_plot, splits) => splits.map((at) => times.format(at * 1000)),
        },
        axis("rate", 3),
        axis("viewers", 1),
      ],
      series: [
        { value: (_plot, at) => (at == null ? "–" : times.format(at * 1000)), label: "" },
        { label: bookings, scale: "rate", stroke: accent, width: 2, value: show, points: { show: false } },
        {
          label: viewers,
          scale: "viewers",
          stroke: second,
          width: 2,
          dash: [6, 3],
          value: show,
          points: { show: false },
        },
      ],
    },
    data(rate),
    element,
  );
}
