// The whole way of a purchase in a real browser, against the mock server: booked, checked out, paid or not paid.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { start, token, world } from "../../dev/mock.mjs";
import { clashes, DESK, open_browser, PHONE, Scene } from "./stage";

let browser: Browser;
let scene: Scene;

beforeAll(async () => {
  browser = await open_browser();
});
afterAll(() => browser?.close());
afterEach(async () => {
  const troubles = scene.troubles;
  await scene.close();
  expect(troubles).toEqual([]);
});

const ALICE: [string, string] = ["alice", "viewer"];
const alice = { sub: "alice", role: "viewer" };
const act = (page: Page, name: string) => page.locator(`[data-act=${name}]`);
const sandbox = (page: Page, name: string) => page.locator(`[data-sandbox=${name}]`);
const result = (page: Page, state: string) => page.locator(`[data-result=${state}]`);
const book = (drop: string, sku: string, qty: number) => ({
  type: "book",
  drop,
  sku,
  qty,
  accept_partial: false,
  join_waitlist: false,
});

/** Bookings of alice that are there before the page opens. */
function booked(...wanted: [string, string, number][]): void {
  for (const [drop, sku, qty] of wanted) expect(scene.mock.act(book(drop, sku, qty), alice).type).toBe("held");
}

/** From the open page to a placed order, at the choice of methods. */
async function place(page: Page): Promise<void> {
  await act(page, "checkout").click();
  await act(page, "checkout-start").click();
  await act(page, "place").click();
  await page.locator("[data-method=qris]").waitFor();
}

async function qris(page: Page): Promise<void> {
  await page.locator("[data-method=qris]").click();
  await page.locator("svg.qr").waitFor();
}

/** The dark modules of the code that is drawn, read off its path. */
const dark_modules = (page: Page) =>
  page
    .locator("svg.qr path")
    .evaluate((path) =>
      [...(path.getAttribute("d") ?? "").matchAll(/h(\d+)v1/g)].reduce((sum, [, run]) => sum + Number(run), 0),
    );

describe.each([
  ["phone", PHONE],
  ["desk", DESK],
])("on a %s", (_name, viewport) => {
  test("books, checks out, pays by QRIS and sees it paid, without leaving the live", async () => {
    scene = await Scene.open(browser, { viewport }, world({ lang: "en", clock_skew_ms: 3_600_000 }));
    const page = await scene.page("/watch/demo", ALICE);
    await page.evaluate(() => Object.assign(window, { still_here: true }));
    await page.locator('.drop[data-drop="d-1"]').getByRole("button", { name: "One more" }).click();
    await page.locator('.drop[data-drop="d-1"] [data-act=book]').click();
    await expect.poll(() => act(page, "checkout").textContent()).toContain("Check out (1)");
    await act(page, "checkout").click();
    await page.locator(".sheet[open]").waitFor();
    expect(await page.locator(".foot-sum").textContent()).toContain("198,000");
    expect(await clashes(page)).toEqual([]);
    await act(page, "checkout-start").click();
    await act(page, "place").waitFor();
    expect(await page.locator(".totals").innerText()).toMatch(/198,000[\s\S]*VAT 11%[\s\S]*21,780[\s\S]*219,780/);
    expect(await page.locator(".sheet-head .countdown").textContent()).toMatch(/^(3:00|2:5\d)$/);
    expect(await clashes(page)).toEqual([]);
    await act(page, "place").click();
    await page.locator("[data-method=qris]").waitFor();
    expect(await page.locator(".method").count()).toBe(6);
    expect(await clashes(page)).toEqual([]);
    await qris(page);
    const rows: string[] = (await import("../../dev/mock-qr.mjs")).QR_ROWS;
    expect(await dark_modules(page)).toBe(rows.join("").replaceAll("0", "").length);
    expect(await page.locator("svg.qr").getAttribute("aria-label")).toContain("219,780");
    expect(await page.locator(".code-time .countdown").textContent()).toMatch(/^(5:00|4:5\d)$/);
    expect(await clashes(page)).toEqual([]);
    await sandbox(page, "pay").click();
    await result(page, "paid").waitFor();
    expect(await result(page, "paid").textContent()).toContain("219,780");
    expect(await clashes(page)).toEqual([]);
    await act(page, "close-sheet").click();
    await act(page, "orders").waitFor();
    expect(await act(page, "checkout").count()).toBe(0);
    await act(page, "orders").click();
    await expect.poll(() => page.locator(".order-row").getAttribute("data-state")).toBe("paid");
    expect(await page.evaluate(() => "still_here" in window)).toBe(true);
  });

  test("runs out, is paid late, and waits first in line until stock comes", async () => {
    scene = await Scene.open(browser, { viewport }, world({ lang: "en" }));
    booked(["d-2", "KAOS-L", 1]);
    const page = await scene.page("/watch/demo", ALICE);
    scene.mock.state.pay_ms = 2_000;
    scene.mock.state.code_ms = 2_000;
    await place(page);
    await qris(page);
    await result(page, "expired").waitFor();
    expect(await result(page, "expired").textContent()).toContain("Not paid in time");
    expect(await page.locator(".reputation").getAttribute("aria-valuenow")).toBe("90");
    // Someone else has the unit by now.
    scene.mock.act(book("d-2", "KAOS-L", 4), { sub: "budi", role: "viewer" });
    expect(await clashes(page)).toEqual([]);
    await sandbox(page, "pay_late").click();
    await result(page, "late_wait").waitFor();
    expect(await result(page, "late_wait").textContent()).toContain("first in line");
    scene.mock.act({ type: "stock.add", sku: "KAOS-L", qty: 1, reason: "found one" });
    await result(page, "paid").waitFor();
    expect(await result(page, "paid").textContent()).toContain("came late, but your goods were still there");
  });
});

describe("survives", () => {
  test("a reload in every step: the choice, the checkout, the code, the result", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    booked(["d-1", "KAOS-M", 1], ["d-4", "VOUCHER", 1]);
    const page = await scene.page("/watch/demo", ALICE);
    await act(page, "checkout").click();
    await page.reload();
    await act(page, "checkout-start").click();
    await act(page, "place").waitFor();
    await page.reload();
    await act(page, "place").click();
    await page.locator("[data-method=qris]").waitFor();
    await page.reload();
    await page.locator("[data-method=qris]").waitFor();
    expect(await page.locator(".method").count()).toBe(6);
    await qris(page);
    await page.reload();
    await page.locator("svg.qr").waitFor();
    await sandbox(page, "pay").click();
    await result(page, "paid").waitFor();
    await page.reload();
    await result(page, "paid").waitFor();
    expect(scene.mock.state.orders.size).toBe(1);
  });

  test("a server restart while the order is being placed: sent again with its id, one order", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    booked(["d-1", "KAOS-M", 1]);
    const page = await scene.page("/watch/demo", ALICE);
    await act(page, "checkout").click();
    await act(page, "checkout-start").click();
    await act(page, "place").waitFor();
    const { port, state } = scene.mock;
    state.silent_next = 1;
    await act(page, "place").click();
    await expect.poll(() => scene.mock.seen.filter(({ type }) => type === "checkout.place").length).toBe(1);
    const asked = scene.mock.seen.find(({ type }) => type === "checkout.place");
    await scene.mock.stop(1012);
    await expect.poll(() => act(page, "place").textContent()).toContain("Not sent yet");
    Object.assign(scene, { mock: await start({ port, state, scene: false }) });
    await page.locator("[data-method=qris]").waitFor();
    expect(scene.mock.seen.find(({ type }) => type === "checkout.place")?.id).toBe(asked?.id);
    expect(state.orders.size).toBe(1);
  });

  test("an order seen on another device: the code can be asked for here", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    booked(["d-1", "KAOS-M", 1]);
    const page = await scene.page("/watch/demo", ALICE);
    await place(page);
    await qris(page);
    const other = await scene.page("/watch/demo", ALICE);
    await act(other, "pay-now").click();
    await act(other, "show-again").click();
    await other.locator("svg.qr").waitFor();
    // The newest attempt counts, on both.
    await sandbox(other, "pay").click();
    await result(other, "paid").waitFor();
    await result(page, "paid").waitFor();
  });
});

describe("paying", () => {
  test("only some bookings; another method; too little, then the rest; twice", async () => {
    const state = world({ lang: "en" });
    state.methods = ["qris", "va"];
    scene = await Scene.open(browser, {}, state);
    booked(["d-1", "KAOS-M", 1], ["d-4", "VOUCHER", 1]);
    const page = await scene.page("/watch/demo", ALICE);
    await act(page, "checkout").click();
    await page.locator(".pick", { hasText: "Voucher" }).locator("input").uncheck();
    expect(await act(page, "checkout-start").textContent()).toContain("(1)");
    expect(await page.locator(".pick.all input").isChecked()).toBe(false);
    await act(page, "checkout-start").click();
    await act(page, "place").click();
    await page.locator("[data-method=va]").click();
    await expect.poll(() => page.locator(".instructions").textContent()).toContain("3901");
    expect(await page.locator(".method").count()).toBe(0);
    await act(page, "change").click();
    expect(await page.locator(".method").count()).toBe(2);
    await qris(page);
    await sandbox(page, "pay_less").click();
    await expect.poll(() => page.locator(".result.open").textContent()).toContain("is missing");
    await qris(page);
    await sandbox(page, "pay_twice").click();
    await result(page, "paid").waitFor();
    await expect.poll(() => result(page, "paid").textContent()).toContain("too much");
    await act(page, "close-sheet").click();
    // The other one is still only booked.
    expect(await act(page, "checkout").textContent()).toContain("Check out (1)");
  });

  test("a code that ran out, and one that failed, are renewed", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    scene.mock.state.code_ms = 1_200;
    booked(["d-1", "KAOS-M", 1]);
    const page = await scene.page("/watch/demo", ALICE);
    await place(page);
    await page.locator("[data-method=qris]").click();
    await page.locator("[data-pay=ran_out]").waitFor();
    expect(await page.locator("svg.qr").count()).toBe(0);
    scene.mock.state.code_ms = 300_000;
    await act(page, "renew").click();
    await page.locator("svg.qr").waitFor();
    await sandbox(page, "fail").click();
    await page.locator("[data-pay=failed]").waitFor();
    await act(page, "renew").click();
    await page.locator("svg.qr").waitFor();
    expect(await sandbox(page, "pay_late").count()).toBe(0);
    await sandbox(page, "never").click();
    await expect.poll(() => page.locator(".sheet").count()).toBe(0);
    await expect.poll(() => act(page, "pay-now").textContent()).toMatch(/Pay now(15:00|14:5\d)/);
  });

  test("without the sandbox nobody can play the bank", async () => {
    const state = world({ lang: "en" });
    state.sandbox = false;
    scene = await Scene.open(browser, {}, state);
    booked(["d-1", "KAOS-M", 1]);
    const page = await scene.page("/watch/demo", ALICE);
    await place(page);
    await qris(page);
    expect(await page.locator(".sandbox").count()).toBe(0);
  });

  test("the shop confirms cash on delivery, ships and finishes: told as it happens", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    booked(["d-1", "KAOS-M", 1]);
    const page = await scene.page("/watch/demo", ALICE);
    await place(page);
    await page.locator("[data-method=cod]").click();
    await expect.poll(() => page.locator(".pay").textContent()).toContain("has to confirm");
    const [order] = scene.mock.state.orders.keys();
    scene.mock.act({ type: "order.confirm", order, secured: "cod" });
    await expect.poll(() => result(page, "confirmed").textContent()).toContain("pay in cash");
    await act(page, "close-sheet").click();
    scene.mock.act({ type: "order.ship", order });
    await expect.poll(() => page.locator(".notice").last().textContent()).toContain("on its way");
  });
});

test("cancelling an unpaid order says what it costs first", async () => {
  scene = await Scene.open(browser, {}, world({ lang: "en" }));
  booked(["d-1", "KAOS-M", 2]);
  const page = await scene.page("/watch/demo", ALICE);
  await place(page);
  await act(page, "cancel-order").click();
  expect(await page.locator(".sheet .trouble").textContent()).toContain("costs you 20 reputation points");
  await page.locator(".sheet .trouble").getByRole("button", { name: "Keep it" }).click();
  await act(page, "cancel-order").click();
  await act(page, "do-cancel-order").click();
  await result(page, "cancelled").waitFor();
  expect(await page.locator(".reputation").getAttribute("aria-valuenow")).toBe("80");
});

test("a checkout whose time is up leaves the bookings and can be started again", async () => {
  scene = await Scene.open(browser, {}, world({ lang: "en" }));
  scene.mock.state.checkout_ms = 1_000;
  booked(["d-1", "KAOS-M", 1]);
  const page = await scene.page("/watch/demo", ALICE);
  await act(page, "checkout").click();
  await act(page, "checkout-start").click();
  await expect.poll(() => page.locator(".sheet .result.bad").textContent()).toContain("bookings are still yours");
  scene.mock.state.checkout_ms = 180_000;
  await act(page, "checkout-again").click();
  await act(page, "checkout-start").click();
  await act(page, "place").click();
  await page.locator("[data-method=qris]").waitFor();
});

test("by keyboard alone, with the focus kept in the sheet and Escape to leave it", async () => {
  scene = await Scene.open(browser, {}, world({ lang: "en" }));
  booked(["d-1", "KAOS-M", 1]);
  const page = await scene.page("/watch/demo", ALICE);
  await act(page, "checkout").focus();
  await page.keyboard.press("Enter");
  await act(page, "checkout-start").waitFor();
  for (let presses = 0; presses < 12; presses++) {
    await page.keyboard.press("Tab");
    expect(
      await page.evaluate(() => {
        const at = document.activeElement;
        return at === document.body || at?.closest("dialog") !== null;
      }),
    ).toBe(true);
  }
  await act(page, "checkout-start").focus();
  await page.keyboard.press("Enter");
  await act(page, "place").focus();
  await page.keyboard.press("Enter");
  await page.locator("[data-method=qris]").focus();
  await page.keyboard.press("Enter");
  await page.locator("svg.qr").waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => page.locator(".sheet").count()).toBe(0);
  await act(page, "pay-now").waitFor();
});

test("embedded on a page of another origin, the sheet and its code are the same", async () => {
  scene = await Scene.open(browser, {}, world({ lang: "en" }));
  booked(["d-1", "KAOS-M", 1]);
  const { address } = scene.mock;
  const policy = `default-src 'none'; script-src ${address}; connect-src ${address.replace("http", "ws")}`;
  const other = createServer((_request, response) =>
    response
      .writeHead(200, { "content-type": "text/html", "content-security-policy": policy })
      .end(
        `<!doctype html><link rel="icon" href="data:,"><script src="${address}/embed.js" async></script><lapak-overlay live="demo" token="${token(...ALICE)}"></lapak-overlay>`,
      ),
  );
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  try {
    const page = await scene.context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`http://localhost:${(other.address() as AddressInfo).port}/`);
    await place(page);
    await qris(page);
    const sheet = await page.locator(".sheet").boundingBox();
    expect(sheet && Math.round(sheet.y + sheet.height)).toBe(PHONE.height);
    expect(await dark_modules(page)).toBeGreaterThan(400);
    expect(errors).toEqual([]);
  } finally {
    other.close();
  }
});

test("what was booked over by time is refused with its reason, in the sheet", async () => {
  scene = await Scene.open(browser, {}, world({ lang: "en" }));
  booked(["d-1", "KAOS-M", 1]);
  const page = await scene.page("/watch/demo", ALICE);
  await act(page, "checkout").click();
  await act(page, "checkout-start").click();
  await act(page, "place").waitFor();
  // The server closes the checkout; the page has not heard of it.
  scene.mock.state.checkouts.clear();
  await act(page, "place").click();
  await expect.poll(() => page.locator(".sheet .notice").textContent()).toContain("time for this checkout has run out");
});

describe.each([
  ["phone", PHONE],
  ["desk", DESK],
])("on a %s nothing overlaps", (_name, viewport) => {
  test.each(["id", "ms", "en"])("in %s", async (lang) => {
    scene = await Scene.open(browser, { viewport }, world({ lang }));
    booked(["d-1", "KAOS-M", 3], ["d-4", "VOUCHER", 2], ["d-2", "KAOS-L", 1]);
    const page = await scene.page("/watch/demo", ALICE);
    await act(page, "checkout").waitFor();
    expect(await clashes(page)).toEqual([]);
    await act(page, "checkout").click();
    await page.locator(".sheet[open]").waitFor();
    expect(await clashes(page)).toEqual([]);
    await act(page, "checkout-start").click();
    await act(page, "place").waitFor();
    expect(await clashes(page)).toEqual([]);
    await act(page, "place").click();
    await qris(page);
    expect(await clashes(page)).toEqual([]);
    await act(page, "cancel-order").click();
    await page.locator(".sheet .trouble").scrollIntoViewIfNeeded();
    expect(await clashes(page)).toEqual([]);
    await act(page, "back").click();
    await page.locator(".order-row").waitFor();
    expect(await clashes(page)).toEqual([]);
    await act(page, "close-sheet").click();
    scene.mock.act(book("d-4", "VOUCHER", 1), alice);
    await page.reload();
    await act(page, "checkout").waitFor();
    expect(await clashes(page)).toEqual([]);
  });
});
