// Numbers, money and times in the language of the page.

export type Lang = "id" | "ms" | "en";

export const LANGS: readonly Lang[] = ["id", "ms", "en"];

export const LANG_NAMES: Record<Lang, string> = { id: "Bahasa Indonesia", ms: "Bahasa Melayu", en: "English" };

const LOCALES: Record<Lang, string> = { id: "id-ID", ms: "ms-MY", en: "en-GB" };

/** Currencies whose smallest unit in use is the whole one, whatever ISO 4217 says of their cents. */
const WHOLE_CURRENCIES = new Set(["IDR", "VND", "JPY", "KRW"]);

export interface Format {
  lang: Lang;
  locale: string;
  number(value: number): string;
  /** `minor` is in the smallest unit in use: rupiah for IDR, sen for MYR. */
  money(minor: number, currency: string): string;
  /** Hours, minutes and seconds of a span, never below zero. */
  span(ms: number): string;
  /** A span as a rounded phrase for a sentence: "30 seconds". */
  phrase(ms: number): string;
  time(at_ms: number): string;
}

const made = new Map<Lang, Format>();

export function format_of(lang: Lang): Format {
  const known = made.get(lang);
  if (known) return known;
  const format = make(lang);
  made.set(lang, format);
  return format;
}

function make(lang: Lang): Format {
  const locale = LOCALES[lang];
  const numbers = new Intl.NumberFormat(locale);
  const times = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const moneys = new Map<string, (minor: number) => string>();
  return {
    lang,
    locale,
    number: (value) => numbers.format(value),
    money: (minor, currency) => {
      const print = moneys.get(currency) ?? money(locale, currency);
      moneys.set(currency, print);
      return print(minor);
    },
    span,
    phrase: (ms) => phrase(locale, ms),
    time: (at_ms) => times.format(at_ms),
  };
}

function money(locale: string, currency: string): (minor: number) => string {
  try {
    const digits = exponent(currency);
    const print = new Intl.NumberFormat(locale, {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    return (minor) => print.format(minor / 10 ** digits);
  } catch {
    return (minor) => `${currency} ${minor}`;
  }
}

/** Decimal digits of a currency's smallest unit in use. */
export function exponent(currency: string): number {
  if (WHOLE_CURRENCIES.has(currency)) return 0;
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 0;
  }
}

export function span(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function phrase(locale: string, ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  const unit = (value: number, name: "second" | "minute" | "hour"): string =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "long" }).format(value);
  // A deadline of a minute and a half is not two minutes.
  if (seconds < 120) return unit(seconds, "second");
  if (seconds < 5400) return unit(Math.round(seconds / 60), "minute");
  return unit(Math.round(seconds / 3600), "hour");
}
