// A countdown on the server's clock; renders once a second.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { span } from "../words/format";
import { useStage } from "./stage";

/** The clock is known to about this: a quarter of an hour shall not begin with 15:01. */
const CLOCK_MS = 250;

/** Under this much time left a countdown is drawn as urgent. */
const URGENT_MS = 60_000;

interface Props {
  until_ms: number;
  /** Makes the text out of the span; the span alone by default. */
  text?: (span: string) => string;
  over?: string;
  label?: string;
}

export function Countdown({ until_ms, text, over, label }: Props) {
  const { live } = useStage();
  const until = useSignal(until_ms);
  useEffect(() => {
    until.value = until_ms;
  }, [until_ms]);
  const shown = useComputed(() => span(until.value - live.now.value - CLOCK_MS)).value;
  const urgent = useComputed(() => until.value - live.now.value < URGENT_MS).value;
  const past = useComputed(() => until.value <= live.now.value).value;
  return (
    <span class={urgent ? "countdown urgent" : "countdown"} role="timer" aria-label={label}>
      {past && over ? over : text ? text(shown) : shown}
    </span>
  );
}
