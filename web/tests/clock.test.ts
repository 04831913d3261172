// The clock: corrected by the server's time, best by the quickest answer.

import { expect, test } from "vitest";
import { Clock } from "../app/core/clock";
import { Rate } from "../app/core/rate";

test("half of the round trip is taken off", () => {
  let here = 1_000;
  const clock = new Clock(() => here);
  here = 1_200;
  clock.measured(50_000, 1_000);
  expect(clock.now()).toBe(50_100);
});

test("a slower answer does not spoil a quicker one, an old one gives way", () => {
  let here = 0;
  const clock = new Clock(() => here);
  here = 20;
  clock.measured(10_020, 0);
  expect(clock.offset_ms).toBe(10_010);
  here = 5_000;
  clock.measured(14_000, 1_000);
  expect(clock.offset_ms).toBe(10_010);
  here = 700_000;
  clock.measured(711_000, 699_000);
  expect(clock.offset_ms).toBe(11_500);
});

test("a frame can only prove the offset too low, or the device's clock moved", () => {
  let here = 1_000;
  const clock = new Clock(() => here);
  clock.measured(1_000, 1_000);
  clock.heard(900);
  expect(clock.offset_ms).toBe(0);
  clock.heard(1_040);
  expect(clock.offset_ms).toBe(40);
  here = 3_601_000;
  clock.heard(1_100);
  expect(clock.now()).toBe(1_100);
});

test("the rate is the growth of the total in a second; a total that went back gives none", () => {
  const rate = new Rate();
  rate.sample(1_000, 10, 5);
  rate.sample(2_000, 14, 6);
  rate.sample(4_000, 20, 7);
  rate.sample(5_000, 2, 8);
  expect(rate.series.bookings).toEqual([null, 4, 3, null]);
  expect(rate.series.viewers).toEqual([5, 6, 7, 8]);
  for (let at = 6; at < 500; at++) rate.sample(at * 1_000, 2, 1);
  expect(rate.series.at).toHaveLength(300);
});
