// The language switch: a native select.

import { LANG_NAMES, LANGS, type Lang } from "../words/format";
import type { Speech } from "../words/lang";

/** `short` shows codes instead of names, where room is scarce. */
export function LangSwitch({ speech, short = false }: { speech: Speech; short?: boolean }) {
  return (
    <select
      class="lang"
      aria-label={speech.words.value.choose_language}
      value={speech.lang.value}
      onChange={(event) => speech.choose(event.currentTarget.value as Lang)}
    >
      {LANGS.map((lang) => (
        <option key={lang} value={lang} lang={lang} aria-label={LANG_NAMES[lang]}>
          {short ? lang.toUpperCase() : LANG_NAMES[lang]}
        </option>
      ))}
    </select>
  );
}
