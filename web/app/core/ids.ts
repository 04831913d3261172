// Request ids: UUIDv7, so that an id carries the time at which it was made.

export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

const random: RandomBytes = (bytes) => crypto.getRandomValues(bytes);

/** A UUIDv7. `now_ms` is the server's time (the corrected clock): the server refuses ids that are too old or ahead. */
export function uuid_v7(now_ms: number, fill: RandomBytes = random): string {
  const bytes = fill(new Uint8Array(16));
  let time = Math.max(0, Math.floor(now_ms));
  for (let at = 5; at >= 0; at--) {
    bytes[at] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The time inside a UUIDv7, Unix milliseconds. */
export function uuid_time_ms(id: string): number {
  return Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
}
