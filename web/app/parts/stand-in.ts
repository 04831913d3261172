// The demo's moving stand-in for a video: a rack of shirts that drifts by, drawn on a canvas.

import { accent_of } from "../core/accent";

const FRAME_MS = 1000 / 24;
/** Drawn no wider than this and scaled up: it is a stand-in, and phones are weak. */
const WIDTH_PX_MAX = 720;
const SHIRTS = ["#f2c14e", "#5fa8d3", "#f4f1de", "#81b29a", "#e07a5f", "#b8b8ff"];

/** Paints until the returned function is called; one still picture where motion is not wanted. */
export function paint_stand_in(canvas: HTMLCanvasElement, accent: string | null): () => void {
  const context = canvas.getContext("2d");
  if (!context) return () => {};
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const colour = accent_of(accent).accent;
  let frame = 0;
  let last = 0;
  const resize = () => {
    const scale = Math.min(1, WIDTH_PX_MAX / Math.max(1, canvas.clientWidth));
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * scale));
    canvas.height = Math.max(1, Math.round(canvas.clientHeight * scale));
    scene(context, canvas.width, canvas.height, last / 1000, colour);
  };
  const step = (at: number) => {
    if (at - last >= FRAME_MS) {
      last = at;
      scene(context, canvas.width, canvas.height, at / 1000, colour);
    }
    frame = requestAnimationFrame(step);
  };
  const begin = () => {
    cancelAnimationFrame(frame);
    if (!still.matches) frame = requestAnimationFrame(step);
  };
  const observer = new ResizeObserver(resize);
  observer.observe(canvas);
  still.addEventListener("change", begin);
  resize();
  begin();
  return () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
    still.removeEventListener("change", begin);
  };
}

function scene(c: CanvasRenderingContext2D, width: number, height: number, seconds: number, accent: string): void {
  const wall = c.createLinearGradient(0, 0, 0, height);
  wall.addColorStop(0, "#23202b");
  wall.addColorStop(1, "#4a3f4f");
  c.fillStyle = wall;
  c.fillRect(0, 0, width, height);
  const unit = Math.min(width, height) / 10;
  light(c, width * (0.5 + 0.25 * Math.sin(seconds / 3)), height * 0.3, unit * 7);
  const rail = height * 0.24;
  c.fillStyle = "#9d94a3";
  c.fillRect(0, rail - unit * 0.08, width, unit * 0.16);
  const gap = unit * 3.4;
  const shift = (seconds * unit * 0.35) % (gap * SHIRTS.length);
  for (let at = -SHIRTS.length; at * gap < width + gap * 2; at++) {
    const index = ((at % SHIRTS.length) + SHIRTS.length) % SHIRTS.length;
    const x = at * gap + shift;
    if (x < -gap || x > width + gap) continue;
    shirt(c, x, rail, unit, SHIRTS[index] ?? accent, Math.sin(seconds * 1.3 + at) * 0.05);
  }
  c.fillStyle = accent;
  c.fillRect(0, height - unit * 0.12, width * ((seconds / 20) % 1), unit * 0.12);
}

function light(c: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  const glow = c.createRadialGradient(x, y, 0, x, y, radius);
  glow.addColorStop(0, "rgba(255,236,200,0.28)");
  glow.addColorStop(1, "rgba(255,236,200,0)");
  c.fillStyle = glow;
  c.fillRect(x - radius, y - radius, radius * 2, radius * 2);
}

function shirt(
  c: CanvasRenderingContext2D,
  x: number,
  rail: number,
  unit: number,
  colour: string,
  swing: number,
): void {
  c.save();
  c.translate(x, rail);
  c.rotate(swing);
  c.scale(unit, unit);
  c.strokeStyle = "#c9c2cf";
  c.lineWidth = 0.08;
  c.beginPath();
  c.moveTo(0, 0);
  c.lineTo(0, 0.35);
  c.lineTo(-0.9, 0.75);
  c.moveTo(0, 0.35);
  c.lineTo(0.9, 0.75);
  c.stroke();
  c.fillStyle = colour;
  c.beginPath();
  c.moveTo(-0.42, 0.62);
  c.quadraticCurveTo(0, 0.95, 0.42, 0.62);
  c.lineTo(1.05, 0.85);
  c.lineTo(1.5, 1.75);
  c.lineTo(1, 2);
  c.lineTo(0.85, 1.7);
  c.lineTo(0.88, 3.5);
  c.lineTo(-0.88, 3.5);
  c.lineTo(-0.85, 1.7);
  c.lineTo(-1, 2);
  c.lineTo(-1.5, 1.75);
  c.lineTo(-1.05, 0.85);
  c.closePath();
  c.fill();
  c.fillStyle = "rgba(0,0,0,0.12)";
  c.fillRect(0.45, 1.75, 0.43, 1.75);
  c.restore();
}
