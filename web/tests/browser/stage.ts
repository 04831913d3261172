// Chromium, the mock server and the built pages.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { type Mock, start, token, world } from "../../dev/mock.mjs";

const DIST = join(import.meta.dirname, "..", "..", "dist");

/** Debian's Chromium, or the one that is named. */
export async function open_browser(): Promise<Browser> {
  if (!existsSync(join(DIST, "watch.html"))) throw new Error("build the pages first: npm run build");
  const executablePath = process.env.LAPAK_CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath))
    throw new Error(`no browser at ${executablePath}: apt-get install chromium, or set LAPAK_CHROMIUM`);
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1440, height: 900 };

export class Scene {
  readonly troubles: string[] = [];

  private constructor(
    readonly mock: Mock,
    readonly context: BrowserContext,
  ) {}

  static async open(browser: Browser, options: BrowserContextOptions = {}, state = world()): Promise<Scene> {
    const mock = await start({ state });
    return new Scene(mock, await browser.newContext({ viewport: PHONE, locale: "en-GB", ...options }));
  }

  async page(path: string, who?: [string, string]): Promise<Page> {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => this.troubles.push(error.message));
    page.on("console", (message) => {
      // A refused WebSocket while the server is away is the point of some tests.
      if (message.type() === "error" && !/WebSocket connection|ERR_CONNECTION/.test(message.text()))
        this.troubles.push(message.text());
    });
    await page.goto(`${this.mock.address}${path}${who ? `#token=${token(...who)}` : ""}`);
    return page;
  }

  async close(): Promise<void> {
    await this.context.close();
    await this.mock.stop(1006);
  }
}

/** What sticks out of the viewport or lies over each other among the controls and texts that are shown. */
export async function clashes(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width)
      found.push(`page is ${document.documentElement.scrollWidth} wide, not ${width}`);
    const name = (e: Element) => `${e.tagName}.${e.className} "${(e.textContent ?? "").slice(0, 24)}"`;
    const shown = [
      ...document.querySelectorAll(
        "button, select, input, h1, h2, h3, .price, .countdown, .stock-text, .stock-side, .notice p",
      ),
    ].filter((e) => {
      const box = e.getBoundingClientRect();
      if (box.width < 2 || box.height < 2 || e.closest(".hidden")) return false;
      // Only what is really painted at its middle, not what is scrolled away.
      const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      return hit !== null && (e.contains(hit) || hit.contains(e));
    });
    for (const [at, a] of shown.entries()) {
      const one = a.getBoundingClientRect();
      if (a.tagName === "BUTTON" && a.scrollWidth > a.clientWidth + 1) found.push(`text sticks out of ${name(a)}`);
      for (const b of shown.slice(at + 1)) {
        if (a.contains(b) || b.contains(a)) continue;
        const two = b.getBoundingClientRect();
        const x = Math.min(one.right, two.right) - Math.max(one.left, two.left);
        const y = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
        if (x > 2 && y > 2) found.push(`${name(a)} lies over ${name(b)}`);
      }
    }
    return found;
  });
}
