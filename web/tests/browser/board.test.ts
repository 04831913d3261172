// The host's board of orders and the audit page in a real browser, against the mock server.

import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { world } from "../../dev/mock.mjs";
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

const HOST: [string, string] = ["host", "host"];
const ADMIN: [string, string] = ["boss", "admin"];

/** An order as a customer makes it. */
function ordered(name: string, wanted: [string, string, number][]): string {
  const claims = { sub: name, role: "viewer" };
  const bookings = wanted.map(([drop, sku, qty]) => {
    const command = { type: "book", drop, sku, qty, accept_partial: false, join_waitlist: false };
    return scene.mock.act(command, claims).booking;
  });
  const { checkout } = scene.mock.act({ type: "checkout.start", bookings }, claims);
  return String(scene.mock.act({ type: "checkout.place", checkout }, claims).order);
}

const card = (page: Page, order: string) => page.locator(`.order-card[data-order="${order}"]`);
const press = (page: Page, order: string, act: string) => card(page, order).locator(`[data-act=${act}]`).click();
const shelf = (page: Page, name: string) => page.locator(`[data-shelf=${name}]`);
const orders = () => scene.mock.state.orders;

async function board(): Promise<Page> {
  const page = await scene.page("/host/demo", HOST);
  await page.locator("[data-view=orders]").click();
  await page.locator(".shelves").waitFor();
  return page;
}

describe("the board", () => {
  test("orders come as they are placed, with a countdown; a transfer is recorded, then shipped, finished, returned", async () => {
    scene = await Scene.open(browser, { viewport: DESK }, world({ lang: "en" }));
    const page = await board();
    const order = ordered("budi", [["d-1", "KAOS-M", 2]]);
    await expect.poll(() => shelf(page, "awaiting_payment").textContent()).toContain("1");
    expect(await card(page, order).locator(".countdown").textContent()).toMatch(/^(15:00|14:5\d)$/);
    expect(await card(page, order).textContent()).toContain("budi");
    await press(page, order, "pay");
    expect(await page.locator("input[name=amount]").inputValue()).toBe("219780");
    await page.locator("input[name=reference]").fill("BCA 4711");
    await press(page, order, "save");
    await expect.poll(() => card(page, order).count()).toBe(0);
    const asked = scene.mock.seen.find(({ type }) => type === "order.pay");
    expect(asked).toMatchObject({ order, amount: 219_780, method: "transfer", reference: "BCA 4711" });
    await shelf(page, "paid").click();
    await press(page, order, "ship");
    await shelf(page, "shipped").click();
    await press(page, order, "finish");
    await shelf(page, "ended").click();
    await press(page, order, "return");
    await page.locator("[data-where=write-off]").check();
    await page.locator("input[name=reason]").fill("Robek");
    await press(page, order, "save");
    await expect
      .poll(() => scene.mock.seen.find(({ type }) => type === "order.return"))
      .toMatchObject({
        order,
        line: 0,
        qty: 1,
        restock: false,
        reason: "Robek",
      });
    await expect.poll(() => card(page, order).textContent()).toContain("1 returned");
    await shelf(page, "refunds").click();
    await press(page, order, "refund");
    expect(await page.locator("input[name=amount]").inputValue()).toBe("99000");
    await page.locator("input[name=reference]").fill("R-1");
    await press(page, order, "save");
    await expect.poll(() => card(page, order).count()).toBe(0);
    expect(orders().get(order).refunded).toBe(99_000);
  });

  test("cash on delivery: confirmed, shipped, refused at the door", async () => {
    scene = await Scene.open(browser, { viewport: PHONE }, world({ lang: "en" }));
    const order = ordered("citra", [["d-1", "KAOS-M", 1]]);
    const page = await board();
    await press(page, order, "confirm");
    await press(page, order, "save");
    await shelf(page, "confirmed").click();
    await expect.poll(() => card(page, order).textContent()).toContain("cash on delivery");
    await press(page, order, "ship");
    await shelf(page, "shipped").click();
    await press(page, order, "refuse");
    expect(await card(page, order).locator(".order-form").textContent()).toContain("costs the customer reputation");
    await press(page, order, "save");
    await expect.poll(() => orders().get(order).state).toBe("cancelled");
    expect(scene.mock.state.customers.get("citra").reputation).toBe(90);
  });

  test("cancels one line with a reason, then the whole at the customer's request", async () => {
    scene = await Scene.open(browser, { viewport: DESK }, world({ lang: "en" }));
    const order = ordered("dewi", [
      ["d-1", "KAOS-M", 2],
      ["d-4", "VOUCHER", 1],
    ]);
    const page = await board();
    await press(page, order, "cancel");
    expect(await card(page, order).locator(".order-form").textContent()).toContain("costs the customer nothing");
    await page.locator("[data-what=lines]").check();
    await page.locator("input[name=line-0]").fill("1");
    await page.locator("input[name=reason]").fill("Satu rusak");
    await press(page, order, "save");
    await expect
      .poll(() => scene.mock.seen.find(({ type }) => type === "order.cancel"))
      .toMatchObject({
        order,
        lines: [{ line: 0, qty: 1 }],
        reason: "Satu rusak",
        at_customers_request: false,
      });
    await expect.poll(() => card(page, order).textContent()).toContain("1 cancelled");
    await press(page, order, "cancel");
    await page.locator("input[name=request]").check();
    expect(await card(page, order).locator(".order-form").textContent()).toContain("costs the customer reputation");
    await press(page, order, "save");
    await expect.poll(() => orders().get(order).state).toBe("cancelled");
    expect(scene.mock.seen.filter(({ type }) => type === "order.cancel").at(-1)).not.toHaveProperty("lines");
  });

  test("an order that ended long ago is fetched, so that its return can be taken", async () => {
    scene = await Scene.open(browser, { viewport: DESK }, world({ lang: "en" }));
    const order = ordered("eka", [["d-1", "KAOS-M", 1]]);
    const { state } = scene.mock;
    state.archive.push({ ...state.orders.get(order), state: "finished" });
    state.orders.delete(order);
    const page = await board();
    await shelf(page, "ended").click();
    expect(await card(page, order).count()).toBe(0);
    await page.locator("[data-act=older]").click();
    await card(page, order).locator("[data-act=return]").waitFor();
    expect(await page.locator("[data-act=older]").count()).toBe(0);
  });

  test("tabs work by arrow keys, and the view is kept through a reload", async () => {
    scene = await Scene.open(browser, { viewport: DESK }, world({ lang: "en" }));
    const page = await board();
    await shelf(page, "awaiting_payment").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    expect(await shelf(page, "confirmed").getAttribute("aria-selected")).toBe("true");
    await page.reload();
    await page.locator(".shelves").waitFor();
    expect(await page.locator("[data-view=orders]").getAttribute("aria-pressed")).toBe("true");
  });
});

describe("the audit page", () => {
  test("says difference 0, draws every bucket, shows a history, and saves CSV with the token", async () => {
    scene = await Scene.open(browser, { viewport: DESK }, world({ lang: "en" }));
    ordered("budi", [["d-1", "KAOS-M", 2]]);
    scene.mock.state.catalog.get("KAOS-M").sold = 7;
    const page = await scene.page("/admin/audit", ADMIN);
    await page.locator("[data-verdict=good]").waitFor();
    expect(page.url()).not.toContain("token");
    expect(await page.locator("[data-verdict]").textContent()).toContain("Difference 0");
    expect(await page.locator(".audit-views li.good").count()).toBe(9);
    const row = page.locator('[data-sku="KAOS-M"]');
    const drawn = await row
      .locator(".stack [data-bucket]")
      .evaluateAll((parts) =>
        parts.map((part) => [part.getAttribute("data-bucket"), Number(part.getAttribute("width"))]),
      );
    expect(drawn.map(([bucket]) => bucket)).toEqual(["available", "allocated", "sold"]);
    expect(drawn.reduce((sum, [, width]) => sum + Number(width), 0)).toBeCloseTo(1000);
    await row.locator(".audit-sku-head").click();
    await row.locator(".history tbody tr").first().waitFor();
    expect(await row.locator(".history").textContent()).toMatch(/order\.placed.*alice.*Booked −2.*Ordered \+2/s);
    await row.getByRole("button", { name: "Older ones" }).click();
    await expect.poll(() => row.locator(".history tbody tr").count()).toBe(10);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Proof", exact: true }).click(),
    ]);
    expect(file.suggestedFilename()).toBe("proof.csv");
    expect(await readFile(await file.path(), "utf8")).toContain("sku,in,out");
  });

  test("anything else is red, on top, and named", async () => {
    const state = world({ lang: "en" });
    state.broken = { "GAMIS-1": -2 };
    state.filled = { v_payment_unmatched: 1 };
    scene = await Scene.open(browser, { viewport: PHONE }, state);
    const page = await scene.page("/admin/audit", ADMIN);
    const verdict = page.locator("[data-verdict=bad]");
    await verdict.waitFor();
    expect(await verdict.textContent()).toContain("1 SKU does not add up");
    expect(await verdict.textContent()).toContain("Payments without an order: 1 row");
    expect(await page.locator(".audit-sku").first().getAttribute("data-sku")).toBe("GAMIS-1");
    // Put right, it says so by itself.
    state.broken = {};
    state.filled = {};
    await page.getByRole("button", { name: "Count again" }).click();
    await page.locator("[data-verdict=good]").waitFor();
  });

  test("needs an admin's link", async () => {
    scene = await Scene.open(browser, { viewport: DESK }, world({ lang: "en" }));
    const none = await scene.page("/admin/audit");
    await expect.poll(() => none.locator(".trouble").textContent()).toContain("needs an admin's link");
    const host = await scene.page("/admin/audit", HOST);
    await expect.poll(() => host.locator(".trouble").textContent()).toContain("does not open this page");
    // The browser reports the refusal; that is what this test is about.
    scene.troubles.splice(0);
  });
});

describe.each([
  ["phone", PHONE],
  ["desk", DESK],
])("on a %s nothing overlaps", (_name, viewport) => {
  test.each(["id", "ms", "en"])("in %s", async (lang) => {
    scene = await Scene.open(browser, { viewport, locale: lang === "en" ? "en-GB" : lang }, world({ lang }));
    const first = ordered("budi-santoso-dari-jauh-sekali", [
      ["d-1", "KAOS-M", 2],
      ["d-4", "VOUCHER", 1],
    ]);
    ordered("citra", [["d-2", "KAOS-L", 1]]);
    const page = await board();
    expect(await clashes(page)).toEqual([]);
    for (const act of ["pay", "confirm", "cancel"]) {
      await press(page, first, act);
      await card(page, first).locator(".order-form").scrollIntoViewIfNeeded();
      expect(await clashes(page)).toEqual([]);
    }
    const audit = await scene.page("/admin/audit", ADMIN);
    await audit.locator(".audit-sku-head").first().click();
    await audit.locator(".history tbody tr").first().waitFor();
    expect(await clashes(audit)).toEqual([]);
  });
});
