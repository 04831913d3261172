// What came of the taps, as sentences; read aloud by screen readers.

import { useEffect } from "preact/hooks";
import type { Notice } from "../core/live";
import { short_number } from "../core/orders";
import { free_text, result_of } from "../words/results";
import { sentence } from "../words/words";
import { type Scene, useStage } from "./stage";

const GOOD_MS = 7_000;
const BAD_MS = 12_000;

/** `shown` is the order that is in sight with its state, or "all" of them: nothing has to be said twice. */
export function Notices({ shown }: { shown?: string }) {
  const { live } = useStage();
  // The region stays in the page, so that what is put into it is announced.
  return (
    <div class="notices" role="log" aria-live="polite" aria-relevant="additions">
      {live.notices.value
        .filter((notice) => !order_of(notice) || (shown !== "all" && shown !== order_of(notice)))
        .map((notice) => (
          <One key={notice.key} notice={notice} />
        ))}
    </div>
  );
}

const order_of = (notice: Notice): string | null => {
  if (notice.kind === "order") return notice.news.order.order;
  return notice.kind === "answer" && notice.answer.type === "ordered" ? notice.answer.order : null;
};

function One({ notice }: { notice: Notice }) {
  const scene = useStage();
  const { text, good } = say(notice, scene);
  useEffect(() => {
    const timer = setTimeout(() => scene.live.dismiss(notice.key), good ? GOOD_MS : BAD_MS);
    return () => clearTimeout(timer);
  }, [notice.key]);
  return (
    <div class={good ? "notice good" : "notice bad"}>
      <span class="notice-mark" aria-hidden="true">
        {good ? "✓" : "!"}
      </span>
      <p>{text}</p>
      <button
        type="button"
        class="close"
        aria-label={scene.w.told.dismiss}
        onClick={() => scene.live.dismiss(notice.key)}
      >
        ×
      </button>
    </div>
  );
}

function say(notice: Notice, scene: Scene): { text: string; good: boolean } {
  const said =
    notice.kind === "answer"
      ? say_answer(notice, scene)
      : notice.kind === "order"
        ? say_order(notice, scene)
        : say_booking(notice, scene);
  if (notice.kind === "answer" && notice.restored) return { ...said, text: `${scene.w.told.restored} ${said.text}` };
  return said;
}

function say_answer(
  { answer }: Extract<Notice, { kind: "answer" }>,
  { live, w, f }: Scene,
): { text: string; good: boolean } {
  switch (answer.type) {
    case "held": {
      const title = answer.title ?? live.state.value.drops.get(answer.drop)?.title ?? answer.sku;
      const text = w.told.held(f.number(answer.qty), title, f.phrase(answer.deadline_ms - live.clock.now()));
      const rest = answer.qty_waiting ?? 0;
      return { text: rest > 0 ? `${text} ${w.told.partly_waiting(f.number(rest))}` : text, good: true };
    }
    case "waiting":
      return { text: w.told.waiting(f.number(answer.qty), f.number(answer.ahead_units)), good: true };
    case "cancelled":
      return { text: w.told.cancelled(answer.penalty, f.number(answer.reputation)), good: true };
    case "left":
      return { text: w.told.left, good: true };
    case "ordered": {
      const number = short_number(answer.order);
      return { text: w.till.told.ordered(number, f.phrase(answer.pay_deadline_ms - live.clock.now())), good: true };
    }
    case "checkout":
    case "payment":
    case "done":
      return { text: w.told.done, good: true };
    case "refused":
      return { text: sentence(w, f, answer), good: false };
  }
}

function say_booking(
  { news }: Extract<Notice, { kind: "booking" }>,
  { live, w, f }: Scene,
): { text: string; good: boolean } {
  switch (news.event) {
    case "promoted":
      return {
        text: w.told.promoted(f.number(news.qty), news.title, f.phrase(news.deadline_ms - live.clock.now())),
        good: true,
      };
    case "expired":
      return { text: w.told.expired(news.title, news.penalty ?? 0), good: false };
    case "cancelled":
      return { text: w.told.host_cancelled(news.title, free_text(news.reason)), good: false };
    case "held":
    case "ordered":
    case "extended":
      return { text: w.told.ordered(news.title), good: true };
  }
}

function say_order(
  { news, before }: Extract<Notice, { kind: "order" }>,
  { w, f }: Scene,
): { text: string; good: boolean } {
  const result = news.event === "changed" ? null : result_of(w, f, news.order, before);
  const text = result?.text ?? w.till.result.changed;
  return { text: `${short_number(news.order.order)}: ${text}`, good: result?.mood !== "bad" };
}
