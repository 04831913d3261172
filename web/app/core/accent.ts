// The shop's accent colour, and the ink that can be read on it.

export const DEFAULT_ACCENT = "#e11d48";

/** `#rrggbb` (or `#rgb`) as three channels 0…255; null for anything else. */
export function channels(colour: string): [number, number, number] | null {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(colour);
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  const parts = short ? short.slice(1).map((digit) => digit + digit) : long?.slice(1);
  if (!parts) return null;
  const [red, green, blue] = parts.map((part) => Number.parseInt(part, 16));
  return [red ?? 0, green ?? 0, blue ?? 0];
}

/** Relative luminance as WCAG defines it, 0…1. */
export function luminance([red, green, blue]: readonly [number, number, number]): number {
  const linear = (channel: number): number => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** Contrast of two colours, 1…21. */
export function contrast(a: readonly [number, number, number], b: readonly [number, number, number]): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

/** The accent to use and black or white, whichever reads better on it (always at least 4.5:1). */
export function accent_of(colour: string | null | undefined): { accent: string; on_accent: string } {
  const accent = colour && channels(colour) ? colour : DEFAULT_ACCENT;
  const parts = channels(accent) ?? [0, 0, 0];
  const on_accent = contrast(parts, [255, 255, 255]) >= contrast(parts, [0, 0, 0]) ? "#ffffff" : "#000000";
  return { accent, on_accent };
}

/** Sets the accent on an element and what is below it. */
export function paint_accent(element: HTMLElement, colour: string | null | undefined): void {
  const { accent, on_accent } = accent_of(colour);
  element.style.setProperty("--accent", accent);
  element.style.setProperty("--on-accent", on_accent);
}
