// The pages in a real browser, against the mock server, under the strict content policy.

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
const HOST: [string, string] = ["host", "host"];
const card = (page: Page, drop: string) => page.locator(`.drop[data-drop="${drop}"]`);
const notice = (page: Page) => page.locator(".notice").last();
const book = (drop: string, sku: string, qty: number, join_waitlist = false) => ({
  type: "book",
  drop,
  sku,
  qty,
  accept_partial: false,
  join_waitlist,
});

describe("watch", () => {
  test("a viewer books, sees the countdown on the server's clock, and cancels", async () => {
    // The server's clock is an hour ahead of this device's.
    scene = await Scene.open(browser, {}, world({ lang: "en", clock_skew_ms: 3_600_000 }));
    const page = await scene.page("/watch/demo", ALICE);
    expect(page.url()).not.toContain("token");
    await card(page, "d-1").getByRole("button", { name: "One more" }).click();
    await card(page, "d-1").locator("[data-act=book]").click();
    await expect.poll(() => notice(page).textContent()).toContain("Booked: 2 ×");
    await expect.poll(() => card(page, "d-1").locator(".stock-text").textContent()).toBe("40 of 42 left");
    const countdown = page.locator(".mine .countdown");
    expect(await countdown.textContent()).toMatch(/^(15:00|14:5\d)$/);
    await page
      .locator(".mine")
      .getByRole("button", { name: /^Cancel:/ })
      .click();
    expect(await page.locator(".row.confirm").textContent()).toContain("costs you 20 reputation");
    await page.locator("[data-act=cancel]").click();
    await expect.poll(() => notice(page).textContent()).toContain("your reputation is 80");
    await expect.poll(() => page.locator(".mine").count()).toBe(0);
    expect(await page.locator(".reputation").getAttribute("aria-valuenow")).toBe("80");
  });

  test("sold out: joins the waiting list, moves up, is promoted", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    scene.mock.act(book("d-3", "GAMIS-1", 1, true), { sub: "budi", role: "viewer" });
    const page = await scene.page("/watch/demo", ALICE);
    await card(page, "d-3").locator("[data-act=wait]").click();
    await expect.poll(() => card(page, "d-3").locator(".blocked").textContent()).toBe("Waiting: 1 ahead of you");
    scene.mock.act({ type: "stock.add", sku: "GAMIS-1", qty: 1, reason: "found one" });
    await expect.poll(() => card(page, "d-3").locator(".blocked").textContent()).toBe("Waiting: you are next");
    scene.mock.act({ type: "stock.add", sku: "GAMIS-1", qty: 1, reason: "found one" });
    await expect.poll(() => notice(page).textContent()).toContain("Your turn: 1 × Gamis");
    await expect.poll(() => page.locator(".mine .row-side").textContent()).toContain("from the waiting list");
  });

  test("a refusal is a sentence with its reason, in the language that is chosen", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "id" }));
    scene.mock.act(book("d-1", "KAOS-M", 3), { sub: "alice", role: "viewer" });
    const page = await scene.page("/watch/demo", ALICE);
    await card(page, "d-1").locator("[data-act=book]").click();
    await expect.poll(() => notice(page).textContent()).toContain("Paling banyak 3 barang per pelanggan.");
    await page.getByRole("combobox").selectOption("ms");
    await expect.poll(() => notice(page).textContent()).toContain("Paling banyak 3 unit setiap pelanggan.");
    expect(await page.getAttribute("html", "lang")).toBe("ms");
  });

  test("a guest sees everything and is told how to book", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    const page = await scene.page("/watch/demo");
    await expect.poll(() => card(page, "d-1").locator(".blocked").textContent()).toContain("open your own link");
    expect(await page.locator("[data-act=book]").count()).toBe(0);
    expect(await page.locator(".viewers").textContent()).toBe("1,234 watching");
  });

  test("by keyboard alone", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    const page = await scene.page("/watch/demo", ALICE);
    await page.locator("[data-act=book]").first().waitFor();
    for (let presses = 0; presses < 20; presses++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement?.getAttribute("data-act") === "book")) break;
    }
    expect(await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)).toBe("solid");
    await page.keyboard.press("Enter");
    await expect.poll(() => notice(page).textContent()).toContain("Booked");
  });

  test("an address that is no live says so", async () => {
    scene = await Scene.open(browser);
    const page = await scene.page("/watch/nowhere");
    await expect.poll(() => page.locator("[data-status=ended]").textContent()).toContain("This live does not exist.");
  });
});

describe("survives", () => {
  test("a server restart without a reload: the tap in between is sent again with its id", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    const page = await scene.page("/watch/demo", ALICE);
    await card(page, "d-1").locator("[data-act=book]").waitFor();
    await page.evaluate(() => Object.assign(window, { still_here: true }));
    const { port, state } = scene.mock;
    // This one is heard and never answered.
    state.silent_next = 1;
    await card(page, "d-1").locator("[data-act=book]").click();
    await expect.poll(() => scene.mock.seen.filter(({ type }) => type === "book").length).toBe(1);
    const asked = scene.mock.seen.find(({ type }) => type === "book");
    await scene.mock.stop(1012);
    await expect.poll(() => page.locator("[data-status=offline]").count()).toBe(1);
    expect(await page.locator("[data-status]").first().textContent()).toContain("No connection");
    // This one is tapped while nobody listens.
    await card(page, "d-2").locator("[data-act=book]").click();
    expect(await card(page, "d-2").textContent()).toContain("Not sent yet");
    state.epoch += 1;
    state.seq = 1;
    Object.assign(scene, { mock: await start({ port, state, scene: false }) });
    await expect.poll(() => page.locator(".mine-head .link").textContent(), { timeout: 15_000 }).toBe("Show all 2");
    expect(await page.evaluate(() => "still_here" in window)).toBe(true);
    const again = scene.mock.seen.filter(({ type }) => type === "book");
    expect(again[0]?.id).toBe(asked?.id);
    expect(state.bookings.size).toBe(2);
  });

  test("an unknown outcome: says so, asks again with the same id", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    const page = await scene.page("/watch/demo", ALICE);
    scene.mock.state.unknown_next = 1;
    await card(page, "d-1").locator("[data-act=book]").click();
    await expect.poll(() => card(page, "d-1").locator(".button.busy").textContent()).toContain("asking again");
    await expect.poll(() => notice(page).textContent()).toContain("Booked");
    const asked = scene.mock.seen.filter(({ type }) => type === "book");
    expect(asked).toHaveLength(2);
    expect(asked[0]?.id).toBe(asked[1]?.id);
  });

  test("a reload between the tap and the answer", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    const page = await scene.page("/watch/demo", ALICE);
    scene.mock.state.silent_next = 1;
    await card(page, "d-1").locator("[data-act=book]").click();
    await expect.poll(() => scene.mock.seen.filter(({ type }) => type === "book").length).toBe(1);
    await page.reload();
    await expect.poll(() => notice(page).textContent()).toContain("From before the page was loaded again: Booked");
    expect(scene.mock.state.bookings.size).toBe(1);
  });

  test("a drain without a gap, and a lost thread by a snapshot", async () => {
    scene = await Scene.open(browser, {}, world({ lang: "en" }));
    const page = await scene.page("/watch/demo", ALICE);
    await card(page, "d-1").waitFor();
    scene.mock.drain(50);
    await expect.poll(() => scene.mock.seen.filter(({ type }) => type === "connect").length).toBe(2);
    expect(scene.mock.seen.at(-1)).toHaveProperty("resume");
    expect(await page.locator("[data-status=offline]").count()).toBe(0);
    // A frame that starts after what the page knows.
    scene.mock.state.seq += 10;
    scene.mock.tell_all({ type: "stock", epoch: 1, p: scene.mock.state.seq - 1, s: scene.mock.state.seq, items: [] });
    await expect.poll(() => scene.mock.seen.filter(({ type }) => type === "connect").length).toBe(3);
    expect(scene.mock.seen.at(-1)).not.toHaveProperty("resume");
  });
});

describe("host", () => {
  test("searches, opens a drop, and works with it", async () => {
    scene = await Scene.open(browser, { viewport: DESK }, world({ lang: "en" }));
    const page = await scene.page("/host/demo", HOST);
    await page.getByLabel("Search the catalog").fill("paket");
    await expect.poll(() => page.locator(".found-row").count()).toBe(1);
    await page.locator(".found-row").click();
    await page.getByLabel("This many").first().check();
    await page.locator("input[name=units]").fill("3");
    await page.getByLabel("Set aside", { exact: true }).check();
    await page.locator("input[name=price]").fill("333000");
    await page.locator("input[name=minutes]").fill("5");
    await page.locator("[data-act=open]").click();
    const opened = page.locator('.host-drop[data-drop="d-6"]');
    await opened.waitFor();
    expect(scene.mock.seen.find(({ type }) => type === "drop.open")).toMatchObject({
      sku: "SET-1",
      units: 3,
      mode: "carved",
      price: 333_000,
      pinned: true,
    });
    expect(await opened.locator(".countdown").textContent()).toMatch(/^(5:00|4:5\d)$/);
    await opened.locator("[data-act=pause]").click();
    await expect.poll(() => opened.locator(".tag").first().textContent()).toBe("Paused");
    await opened.locator("[data-act=resume]").click();
    await expect.poll(() => opened.locator(".tag").first().textContent()).toBe("Open");
    await opened.getByRole("button", { name: "Extend +5 min" }).click();
    await expect.poll(() => opened.locator(".countdown").textContent()).toMatch(/^(10:00|9:5\d)$/);
    await opened.getByRole("button", { name: "Close" }).click();
    await opened.locator("[data-act=close]").click();
    await expect.poll(() => opened.locator(".tag").first().textContent()).toBe("Closed");
  });

  test("sees bookings and waiters as they come, cancels one, restricts a customer", async () => {
    scene = await Scene.open(browser, { viewport: DESK }, world({ lang: "en" }));
    const page = await scene.page("/host/demo", HOST);
    await page.locator(".host-drop").first().waitFor();
    scene.mock.act(book("d-1", "KAOS-M", 2), { sub: "budi", role: "viewer" });
    scene.mock.act(book("d-3", "GAMIS-1", 1, true), { sub: "citra", role: "viewer" });
    const row = page.locator(".bookings tbody tr");
    await expect.poll(() => row.textContent()).toContain("budi");
    await expect.poll(() => page.locator(".waiters tbody tr").textContent()).toContain("citra");
    await row.locator("summary").click();
    await page.getByRole("button", { name: "Restrict: budi" }).click();
    await expect.poll(() => row.locator(".tag.bad").textContent()).toBe("restricted");
    await row.getByRole("button", { name: "Cancel: budi" }).click();
    await page.getByRole("button", { name: "Cancel it" }).click();
    await expect.poll(() => row.count()).toBe(0);
    await page.getByLabel("Show ended ones").check();
    await expect.poll(() => row.textContent()).toContain("cancelled");
    await expect.poll(() => page.locator(".chart-box").getAttribute("aria-label")).toMatch(/1,234 viewers/);
  });

  test("below what is promised: explains, and sets it only on purpose", async () => {
    scene = await Scene.open(browser, { viewport: DESK }, world({ lang: "en" }));
    scene.mock.act(book("d-1", "KAOS-M", 3), { sub: "budi", role: "viewer" });
    const page = await scene.page("/host/demo", HOST);
    const drop = page.locator('.host-drop[data-drop="d-1"]');
    await drop.locator("summary").click();
    await drop.getByLabel("Set counted stock").check();
    await drop.locator("input[name=qty]").fill("1");
    await drop.getByRole("button", { name: "Save" }).click();
    await expect.poll(() => drop.locator("[role=alert]").textContent()).toContain("3 units are already promised");
    expect(scene.mock.state.catalog.get("KAOS-M").shortage).toBe(0);
    await drop.locator("[data-act=force]").click();
    await expect.poll(() => drop.textContent()).toContain("Shortage: 2 units");
  });

  test("a viewer's link does not open the console", async () => {
    scene = await Scene.open(browser, { viewport: DESK }, world({ lang: "en" }));
    const page = await scene.page("/host/demo", ALICE);
    await expect.poll(() => page.locator(".trouble").textContent()).toContain("needs a host's link");
  });
});

test("the overlay for OBS is transparent, large, and takes no input", async () => {
  scene = await Scene.open(browser, { viewport: { width: 1920, height: 1080 } }, world({ lang: "en" }));
  const page = await scene.page("/overlay/demo");
  await page.locator(".obs-card").waitFor();
  scene.mock.act(book("d-1", "KAOS-M", 1), { sub: "budi", role: "viewer" });
  await expect.poll(() => page.locator(".ticker").textContent()).toContain("B*** booked 1 × Kaos");
  expect(await page.locator("button, a, input, select").count()).toBe(0);
  const seen = await page.evaluate(() => ({
    backs: [document.documentElement, document.body].map((e) => getComputedStyle(e).backgroundColor),
    price_px: Number.parseFloat(getComputedStyle(document.querySelector(".price") as Element).fontSize),
  }));
  expect(seen.backs).toEqual(["rgba(0, 0, 0, 0)", "rgba(0, 0, 0, 0)"]);
  expect(seen.price_px).toBeGreaterThan(50);
});

test("embed.js works on a page of another origin with a policy of its own", async () => {
  scene = await Scene.open(browser, {}, world({ lang: "en" }));
  const { address } = scene.mock;
  const other = createServer((_request, response) => {
    response
      .writeHead(200, {
        "content-type": "text/html",
        "content-security-policy": `default-src 'none'; script-src ${address}; connect-src ${address.replace("http", "ws")}`,
      })
      .end(
        `<!doctype html><link rel="icon" href="data:,"><script src="${address}/embed.js" async></script><lapak-overlay live="demo" token="${token(...ALICE)}"></lapak-overlay>`,
      );
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  try {
    const page = await scene.context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`http://localhost:${(other.address() as AddressInfo).port}/`);
    await page.locator("lapak-overlay [data-act=book]").first().click();
    await expect.poll(() => page.locator("lapak-overlay .notice").textContent()).toContain("Booked: 1 ×");
    expect(
      await page
        .locator("lapak-overlay .button.big")
        .first()
        .evaluate((e) => getComputedStyle(e).backgroundColor),
    ).toBe("rgb(15, 118, 110)");
    await page
      .locator("lapak-overlay")
      .evaluate((e, fresh) => e.setAttribute("token", fresh), token("alice", "moderator"));
    await expect.poll(() => scene.mock.seen.filter(({ type }) => type === "refresh").length).toBe(1);
    await page.locator("lapak-overlay").evaluate((e) => e.remove());
    await expect.poll(() => scene.mock.connections()).toBe(0);
    expect(errors).toEqual([]);
  } finally {
    other.close();
  }
});

test("the start page lists the lives", async () => {
  scene = await Scene.open(browser);
  const page = await scene.page("/");
  await expect.poll(() => page.locator(".live-row h3").textContent()).toContain("Toko Melati");
  expect(await page.getByRole("link", { name: "Watch" }).getAttribute("href")).toBe("/watch/demo");
});

test("nothing moves where motion is not wanted", async () => {
  scene = await Scene.open(browser, { reducedMotion: "reduce" }, world({ lang: "en" }));
  const page = await scene.page("/watch/demo", ALICE);
  await page.locator(".bar-fill").first().waitFor();
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  expect(
    await page
      .locator(".bar-fill")
      .first()
      .evaluate((e) => getComputedStyle(e).transitionDuration),
  ).toBe("0s");
  const picture = () => page.locator("canvas").evaluate((c) => (c as HTMLCanvasElement).toDataURL());
  const before = await picture();
  // Several frames of what would have moved.
  await page.evaluate(
    () =>
      new Promise<void>((done) => {
        let n = 10;
        const step = () => (n-- > 0 ? requestAnimationFrame(step) : done());
        step();
      }),
  );
  expect(await picture()).toBe(before);
});

describe.each([
  ["phone", PHONE],
  ["desk", DESK],
])("on a %s nothing overlaps", (_name, viewport) => {
  test.each(["id", "ms", "en"])("in %s", async (lang) => {
    scene = await Scene.open(browser, { viewport }, world({ lang }));
    for (const [who, drop, sku] of [
      ["alice", "d-1", "KAOS-M"],
      ["alice", "d-4", "VOUCHER"],
      ["budi-santoso-dari-jauh", "d-2", "KAOS-L"],
    ] as const) {
      scene.mock.act(book(drop, sku, 1), { sub: who, role: "viewer" });
    }
    scene.mock.act(book("d-3", "GAMIS-1", 2, true), { sub: "alice", role: "viewer" });
    const watch = await scene.page("/watch/demo", ALICE);
    await watch.locator("[data-act=book]").first().click();
    await watch.locator(".notice").waitFor();
    await watch.locator(".mine-head .link").click();
    expect(await clashes(watch)).toEqual([]);
    const host = await scene.page("/host/demo", HOST);
    await host.locator(".found-row").first().waitFor();
    expect(await clashes(host)).toEqual([]);
    await host.locator(".found-row").first().click();
    await host.locator(".chosen summary").click();
    await host.locator(".chosen").scrollIntoViewIfNeeded();
    expect(await clashes(host)).toEqual([]);
    const home = await scene.page("/");
    await home.locator(".live-row").waitFor();
    expect(await clashes(home)).toEqual([]);
  });
});
