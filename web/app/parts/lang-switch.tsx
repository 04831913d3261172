// The language switch: a native select.

import { LANG_NAMES, LANGS, type Lang } from "../words/format";
import type { Speech } from "../words/lang";

export function LangSwitch({ speech }: { speech: Speech }) {
  return (
    <select
      class="lang"
      aria-label={speech.words.value.choose_language}
      value={speech.lang.value}
      onChange={(event) => speech.choose(event.currentTarget.value as Lang)}
    >
      {LANGS.map((lang) => (
        <option key={lang} value={lang} lang={lang}>
          {LANG_NAMES[lang]}
        </option>
      ))}
    </select>
  );
}
