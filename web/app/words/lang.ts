// The language of the page: chosen by hand, else the live's, else the browser's.

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { en } from "./en";
import { type Format, format_of, LANGS, type Lang } from "./format";
import { id } from "./id";
import { ms } from "./ms";
import type { Words } from "./words";

export const DICTIONARIES: Record<Lang, Words> = { id, ms, en };

export interface Speech {
  lang: ReadonlySignal<Lang>;
  words: ReadonlySignal<Words>;
  format: ReadonlySignal<Format>;
  choose(lang: Lang): void;
  /** What the live says; counts until someone chooses. */
  suggest(lang: string | undefined): void;
}

const KEY = "lapak.lang";

/** `id-ID` → `id`; null for a language these pages do not speak. */
export function known_lang(tag: string | null | undefined): Lang | null {
  const base = (tag ?? "").toLowerCase().split("-")[0];
  // `in` is the old code of Indonesian.
  if (base === "in") return "id";
  return LANGS.find((lang) => lang === base) ?? null;
}

export function speech(fixed: string | null = null): Speech {
  const chosen: Signal<Lang | null> = signal(known_lang(fixed) ?? known_lang(kept()));
  const suggested: Signal<Lang | null> = signal(null);
  const lang = computed(() => chosen.value ?? suggested.value ?? browser_lang());
  return {
    lang,
    words: computed(() => DICTIONARIES[lang.value]),
    format: computed(() => format_of(lang.value)),
    choose: (next) => {
      chosen.value = next;
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // Storage is forbidden: the choice lives as long as this page.
      }
    },
    suggest: (tag) => {
      suggested.value = known_lang(tag);
    },
  };
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function browser_lang(): Lang {
  for (const tag of navigator.languages ?? []) {
    const lang = known_lang(tag);
    if (lang) return lang;
  }
  return "en";
}
