// The sheet over the live: a modal dialog, so that keyboard and screen reader stay in it and Escape closes it.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Notices } from "../notices";
import { useStage } from "../stage";
import { CheckoutStep, SelectStep } from "./checkout";
import { OrderView } from "./order";
import { Orders } from "./orders";

/** Everything of the till that is open now; nothing while it is closed. */
export function Till() {
  const { live } = useStage();
  const view = live.sheet.value;
  if (!view || !live.state.value.me) return null;
  switch (view.kind) {
    case "select":
      return <SelectStep />;
    case "checkout":
      return <CheckoutStep />;
    case "order":
      return <OrderView key={view.order} order={view.order} />;
    case "orders":
      return <Orders />;
  }
}

interface Props {
  title: string;
  /** Beside the title, such as a countdown. */
  side?: ComponentChildren;
  back?: () => void;
  children: ComponentChildren;
  /** What is pressed next; stays in sight while the rest scrolls. */
  foot?: ComponentChildren;
  /** Changes when the sheet shows something else: then it begins at its top again. */
  step: string;
  /** The order that is shown, or "all". */
  order?: string;
}

export function Sheet({ title, side, back, children, foot, step, order }: Props) {
  const { live, w } = useStage();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const close = () => (live.sheet.value = null);
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  // With the drawing, not after it: a key pressed meanwhile would go to what has lost the focus.
  useLayoutEffect(() => {
    body.current?.scrollTo({ top: 0 });
    heading.current?.focus();
  }, [step]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the sheet; Escape does the same by keyboard
    <dialog
      ref={dialog}
      class="sheet"
      aria-label={title}
      data-step={step}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) close();
      }}
    >
      <div class="sheet-box">
        <header class="sheet-head">
          {back && (
            <button type="button" class="close" aria-label={w.till.back} onClick={back} data-act="back">
              ‹
            </button>
          )}
          <h2 ref={heading} tabIndex={-1}>
            {title}
          </h2>
          {side}
          <button type="button" class="close" aria-label={w.till.close} onClick={close} data-act="close-sheet">
            ×
          </button>
        </header>
        <div class="sheet-body" ref={body}>
          <Notices shown={order} />
          {children}
        </div>
        {foot && <footer class="sheet-foot">{foot}</footer>}
      </div>
    </dialog>
  );
}
