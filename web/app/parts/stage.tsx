// What every part needs: the live and the language.

import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Live } from "../core/live";
import type { Format } from "../words/format";
import type { Speech } from "../words/lang";
import type { Words } from "../words/words";

interface StageValue {
  live: Live;
  speech: Speech;
}

const Context = createContext<StageValue | null>(null);

export function Stage({ live, speech, children }: StageValue & { children: ComponentChildren }) {
  return <Context.Provider value={{ live, speech }}>{children}</Context.Provider>;
}

export interface Scene {
  live: Live;
  speech: Speech;
  w: Words;
  f: Format;
}

/** The live, and the words and formats of the language chosen now. */
export function useStage(): Scene {
  const stage = useContext(Context);
  if (!stage) throw new Error("a part stands outside of a Stage");
  return { ...stage, w: stage.speech.words.value, f: stage.speech.format.value };
}
