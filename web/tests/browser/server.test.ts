// The pages in a real browser against the real server: `lapak demo`, killed and started again.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DESK, open_browser, PHONE } from "./stage";

const BINARY = process.env["LAPAK_BIN"] ?? resolve(import.meta.dirname, "../../../target/debug/lapak");

/** A server that comes back calls its viewers over some seconds. */
const soon = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 30_000 });

interface Ready {
  url: string;
  shop: string;
  live: string;
  tokens: { admin: string };
  pages: { watch: string; host: string; audit: string };
}

let browser: Browser;
let state: string;
let server: ChildProcess;
let ready: Ready;

/** Starts the demo without simulated viewers and waits until it says that it is ready. */
async function start(listen: string): Promise<Ready> {
  const args = ["demo", "--json", "--viewers", "0", "--listen", listen, "--state", state];
  server = spawn(BINARY, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream });
  for await (const line of lines) return JSON.parse(line) as Ready;
  throw new Error("the server ended before it was ready");
}

async function stop(signal: NodeJS.Signals): Promise<number | null> {
  const gone = new Promise<number | null>((done) => server.once("exit", (code) => done(code)));
  server.kill(signal);
  return gone;
}

async function open(url: string, viewport: { width: number; height: number }): Promise<Page> {
  const context = await browser.newContext({ viewport, locale: "en-US" });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

beforeAll(async () => {
  expect(existsSync(BINARY), `${BINARY} is missing: run cargo build, or set LAPAK_BIN`).toBe(true);
  state = mkdtempSync(join(tmpdir(), "lapak-browser-"));
  [browser, ready] = [await open_browser(), await start("127.0.0.1:0")];
});
afterAll(async () => {
  await browser?.close();
  if (server?.exitCode === null) await stop("SIGKILL");
  rmSync(state, { recursive: true, force: true });
});

test("a booking is held through kill -9, and the page goes on without a reload", async () => {
  const host = await open(ready.pages.host, DESK);
  const page = await open(ready.pages.watch, PHONE);
  const first = page.locator(".drop").first();
  await first.locator("[data-act=book]").click();
  await soon(() => page.locator(".mine .countdown").count()).toBe(1);
  await soon(() => first.locator(".stock-text").textContent()).toContain("23");
  await soon(() => host.locator("body").textContent()).toContain("anda");

  await page.evaluate(() => Object.assign(window, { same: true }));
  await stop("SIGKILL");
  const again = await start(new URL(ready.url).host);
  expect(again.url).toBe(ready.url);

  // The page has come back by itself: the booking is there, and cancelling it is answered.
  await page.locator(".mine button").first().click();
  await page.locator("[data-act=cancel]").click();
  await soon(() => page.locator(".mine .countdown").count()).toBe(0);
  await soon(() => first.locator(".stock-text").textContent()).toContain("24");
  expect(await page.evaluate(() => "same" in window)).toBe(true);
});

test("a restart in good order ends with 0, and viewers are called back", async () => {
  const page = await open(ready.pages.watch, PHONE);
  await page.locator(".drop").first().locator("[data-act=book]").click();
  await soon(() => page.locator(".mine .countdown").count()).toBe(1);
  expect(await stop("SIGTERM")).toBe(0);
  await start(new URL(ready.url).host);
  const second = page.locator(".drop").nth(1);
  await second.locator("[data-act=book]").click();
  // Only one row is shown at first; its heading counts both.
  await soon(() => page.locator(".mine-head").textContent()).toContain("(2)");
});

/** Changes the shop's settings, as its back office would. */
async function settings(changes: Record<string, number>): Promise<void> {
  const answer = await fetch(`${ready.url}/v1/lives/${ready.live}/commands`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${ready.tokens.admin}`,
      "Idempotency-Key": crypto.randomUUID(),
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ type: "settings.change", settings: changes }),
  });
  expect(answer.status).toBe(200);
}

const act = (page: Page, name: string) => page.locator(`[data-act=${name}]`);
const result = (page: Page, state: string) => page.locator(`[data-result=${state}]`);

/** Orders what is booked, as far as its QR code. */
async function order(page: Page): Promise<void> {
  await act(page, "checkout").first().click();
  await act(page, "checkout-start").click();
  await act(page, "place").click();
  await page.locator("[data-method=qris]").click();
  await page.locator("svg.qr").waitFor();
}

test("what is booked is ordered, paid by QRIS, shipped and finished, and every unit is accounted for", async () => {
  const host = await open(ready.pages.host, DESK);
  const page = await open(ready.pages.watch, PHONE);
  await soon(() => page.locator(".mine-head").textContent()).toContain("(2)");
  await order(page);
  await page.locator("[data-sandbox=pay]").click();
  await result(page, "paid").waitFor();

  await host.locator("[data-view=orders]").click();
  for (const [shelf, step] of [
    ["paid", "ship"],
    ["shipped", "finish"],
  ]) {
    await host.locator(`[data-shelf=${shelf}]`).click();
    await host.locator(`.order-card [data-act=${step}]`).first().click();
  }
  await result(page, "finished").waitFor();

  const audit = await open(ready.pages.audit, DESK);
  await audit.locator("[data-verdict=good]").waitFor();
});

test("an order that is not paid in time expires, and money that comes late still buys it", async () => {
  await settings({ order_auto_expire_ms: 2_000, payment_grace_ms: 0 });
  const page = await open(ready.pages.watch, PHONE);
  await page.locator(".drop").nth(1).locator("[data-act=book]").click();
  await act(page, "checkout").first().waitFor();
  await order(page);
  await result(page, "expired").waitFor();
  await page.locator("[data-sandbox=pay_late]").click();
  await result(page, "paid").waitFor();
});
