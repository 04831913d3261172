// Sentences, numbers and colours.

import { describe, expect, test } from "vitest";
import { accent_of, channels, contrast } from "../app/core/accent";
import { ORDER_STATES, type OrderRow } from "../app/core/order-wire";
import { AUDIT } from "../app/words/audit/audit";
import { BOARD } from "../app/words/board/board";
import { format_of, LANGS, span } from "../app/words/format";
import { DICTIONARIES, known_lang } from "../app/words/lang";
import { result_of } from "../app/words/results";
import { detail_of, REFUSAL_CODES, sentence } from "../app/words/words";

describe.each(LANGS)("in %s", (lang) => {
  const words = DICTIONARIES[lang];
  const format = format_of(lang);

  test.each(REFUSAL_CODES)("%s is a sentence with and without its details", (code) => {
    const bare = words.refusals[code](detail_of({}), format);
    const full = words.refusals[code](
      detail_of({
        field: "qty",
        limit: 2,
        max_allowed: 1,
        available: 1,
        reputation: 30,
        needed: 50,
        committed: 4,
        retry_ms: 1_500,
        retry_at_ms: 0,
        final_state: "expired",
      }),
      format,
    );
    for (const text of [bare, full]) {
      expect(text).toMatch(/[.!?]$/);
      expect(text).not.toMatch(/null|undefined|NaN|_/);
    }
  });

  test("a code of a newer server falls back on its message", () => {
    expect(sentence(words, format, { code: "moon_phase", message: "Wait for the moon." })).toBe("Wait for the moon.");
    expect(sentence(words, format, { code: "moon_phase" })).toContain("moon_phase");
  });

  test("no sentence is the English one by mistake", () => {
    if (lang === "en") return;
    const english = DICTIONARIES.en.refusals;
    for (const code of REFUSAL_CODES)
      expect(words.refusals[code](detail_of({}), format)).not.toBe(english[code](detail_of({}), format));
  });
});

test("money is printed as people write it", () => {
  const plain = (text: string) => text.replaceAll(/\s/g, " ");
  expect(plain(format_of("id").money(99_000, "IDR"))).toBe("Rp 99.000");
  expect(plain(format_of("ms").money(4_590, "MYR"))).toBe("RM 45.90");
  expect(plain(format_of("en").money(99_000, "IDR"))).toBe("Rp 99,000");
  expect(plain(format_of("en").money(1_234, "nonsense"))).toBe("nonsense 1234");
});

test("a phrase counts seconds until they are two minutes", () => {
  const { phrase } = format_of("id");
  expect([1, 30_000, 89_900, 119_000, 119_700, 299_700, 5_400_000].map(phrase)).toEqual([
    "1 detik",
    "30 detik",
    "90 detik",
    "119 detik",
    "2 menit",
    "5 menit",
    "2 jam",
  ]);
});

test("spans count up to the second that has begun, and never below zero", () => {
  expect([0, -5, 1, 59_001, 60_000, 3_600_000, 3_661_000].map(span)).toEqual([
    "0:00",
    "0:00",
    "0:01",
    "1:00",
    "1:00",
    "1:00:00",
    "1:01:01",
  ]);
});

test("languages are known by their tags", () => {
  expect(["id-ID", "in", "ms-MY", "en-US", "de", "", undefined].map(known_lang)).toEqual([
    "id",
    "id",
    "ms",
    "en",
    null,
    null,
    null,
  ]);
});

describe("the accent", () => {
  test("always carries an ink of at least 4.5:1", () => {
    for (let red = 0; red < 256; red += 15) {
      for (let green = 0; green < 256; green += 15) {
        for (let blue = 0; blue < 256; blue += 15) {
          const colour = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
          const { accent, on_accent } = accent_of(colour);
          expect(contrast(channels(accent) ?? [0, 0, 0], channels(on_accent) ?? [0, 0, 0])).toBeGreaterThanOrEqual(4.5);
        }
      }
    }
  });

  test("is black on yellow, white on navy, and ours where the shop's is none", () => {
    expect(accent_of("#ffe600").on_accent).toBe("#000000");
    expect(accent_of("#0b1f4b").on_accent).toBe("#ffffff");
    for (const bad of [null, undefined, "", "red", "#12345", "url(x)"]) expect(accent_of(bad).accent).toBe("#e11d48");
  });
});

describe("orders and payments", () => {
  const walk = (value: unknown, at = ""): [string, string][] => {
    if (typeof value === "string") return [[at, value]];
    if (typeof value === "function") return [[at, String((value as (...args: string[]) => string)("7", "8", "9"))]];
    return Object.entries(value as object).flatMap(([key, inner]) => walk(inner, `${at}.${key}`));
  };
  const everything = (lang: (typeof LANGS)[number]) => [
    ...walk(DICTIONARIES[lang].till, "till"),
    ...walk(BOARD[lang], "board"),
    ...walk(AUDIT[lang], "audit"),
  ];

  test.each(LANGS)("in %s every text says something", (lang) => {
    for (const [at, text] of everything(lang)) {
      expect(text.trim(), at).not.toBe("");
      expect(text, at).not.toMatch(/undefined|null|NaN/);
    }
  });

  test.each(["id", "ms"] as const)("in %s no sentence is the English one by mistake", (lang) => {
    const english = new Map(everything("en"));
    const same = everything(lang).filter(([at, text]) => text.includes(" ") && text === english.get(at));
    expect(same).toEqual([]);
  });

  test.each(LANGS)("in %s an order's state is a sentence, but while it waits to be paid", (lang) => {
    const [words, format] = [DICTIONARIES[lang], format_of(lang)];
    for (const state of ORDER_STATES) {
      const row = { state, currency: "IDR", total: 5, captured: 5, refund_due: 3, refunded: 2, reason: "x y" };
      const result = result_of(words, format, row as OrderRow);
      if (state === "awaiting_payment") expect(result).toBeNull();
      else expect(result?.text).toMatch(/\S/);
    }
    const late = { state: "paid", currency: "IDR", total: 5, captured: 5, refund_due: 0, reason: null } as OrderRow;
    expect(result_of(words, format, late, "expired")?.text).toBe(words.till.result.paid_late);
  });
});
