// The server's clock as seen from here: this device's clock plus an offset.

/** A sample older than this gives way to a worse but newer one. */
const SAMPLE_LIFE_MS = 10 * 60_000;

/** No frame is under way this long: if it seems so, this device's clock was moved. */
const UNDER_WAY_MS_MAX = 30_000;

export class Clock {
  offset_ms = 0;
  private best_rtt_ms = Number.POSITIVE_INFINITY;
  private sampled_at = Number.NEGATIVE_INFINITY;

  constructor(private readonly local: () => number = Date.now) {}

  /** The server's time now, Unix milliseconds, as well as it is known. */
  now(): number {
    return this.local() + this.offset_ms;
  }

  /** An answer that carries the server's time; `asked_at` is the local time of the question. */
  measured(server_now_ms: number, asked_at: number): void {
    const here = this.local();
    const rtt_ms = Math.max(0, here - asked_at);
    const stale = here - this.sampled_at > SAMPLE_LIFE_MS || here < this.sampled_at;
    if (rtt_ms > this.best_rtt_ms && !stale) return;
    this.best_rtt_ms = rtt_ms;
    this.sampled_at = here;
    this.offset_ms = server_now_ms + rtt_ms / 2 - here;
  }

  /**
   * A frame that came unasked: it was under way for an unknown time, so the server's clock is at least
   * this far. Raises the offset when that proves it too low.
   */
  heard(server_now_ms: number): void {
    const least = server_now_ms - this.local();
    if (least > this.offset_ms || this.offset_ms - least > UNDER_WAY_MS_MAX) this.offset_ms = least;
  }
}
