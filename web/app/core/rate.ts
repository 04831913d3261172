// Bookings per second and viewers over the last minutes, for the host's chart.

export interface Series {
  /** Unix seconds, one a sample. */
  at: number[];
  bookings: (number | null)[];
  viewers: (number | null)[];
}

const SAMPLES_MAX = 300;

/** Takes a sample a second; the rate is the growth of the total since the sample before. */
export class Rate {
  readonly series: Series = { at: [], bookings: [], viewers: [] };
  private last: { at_ms: number; total: number } | null = null;

  sample(now_ms: number, booked_total: number, viewers: number): void {
    const { last } = this;
    const seconds = last ? (now_ms - last.at_ms) / 1000 : 0;
    if (last && seconds <= 0) return;
    // A total that went back is another count (a restart): no rate can be told.
    const rate = last && booked_total >= last.total ? (booked_total - last.total) / seconds : null;
    this.last = { at_ms: now_ms, total: booked_total };
    const { at, bookings } = this.series;
    at.push(Math.round(now_ms / 1000));
    bookings.push(rate);
    this.series.viewers.push(viewers);
    if (at.length > SAMPLES_MAX) {
      at.shift();
      bookings.shift();
      this.series.viewers.shift();
    }
  }

  /** The rate of the last sample. */
  latest(): number {
    return this.series.bookings.at(-1) ?? 0;
  }
}
