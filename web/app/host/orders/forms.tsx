// What has to be said before an order is changed: amounts, references, lines and reasons.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { OrderAsk, OrderLine, OrderRow } from "../../core/order-wire";
import { owed } from "../../core/orders";
import { useStage } from "../../parts/stage";
import type { BoardWords } from "../../words/board/board";
import { exponent } from "../../words/format";

export interface FormProps {
  row: OrderRow;
  b: BoardWords;
  ask: (command: OrderAsk) => void;
  close: () => void;
}

interface ShellProps {
  b: BoardWords;
  text: string;
  close: () => void;
  save: (form: FormData) => void;
  label: string;
  danger?: boolean;
  children?: ComponentChildren;
}

function Shell({ b, text, close, save, label, danger, children }: ShellProps) {
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => {
    form.current?.querySelector<HTMLElement>("input, button")?.focus();
  }, []);
  return (
    <form
      ref={form}
      class={danger ? "order-form danger" : "order-form"}
      onSubmit={(event) => {
        event.preventDefault();
        save(new FormData(event.currentTarget));
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <p>{text}</p>
      {children}
      <div class="pair">
        <button type="button" class="button small plain" onClick={close}>
          {b.back}
        </button>
        <button type="submit" class={danger ? "button small danger" : "button small"} data-act="save">
          {label}
        </button>
      </div>
    </form>
  );
}

const text_of = (form: FormData, name: string): string => String(form.get(name) ?? "").trim();

/** A sum as typed, in minor units. */
const minor_of = (form: FormData, currency: string): number =>
  Math.round(Number(text_of(form, "amount")) * 10 ** exponent(currency));

function Amount({ b, most, currency }: { b: BoardWords; most: number; currency: string }) {
  const unit = 10 ** exponent(currency);
  return (
    <label class="field">
      <span>
        {b.amount} ({currency})
      </span>
      <input
        type="number"
        name="amount"
        required
        min={1 / unit}
        step={1 / unit}
        defaultValue={String(most / unit)}
        inputMode="decimal"
      />
    </label>
  );
}

function Reference({ b }: { b: BoardWords }) {
  return (
    <label class="field">
      <span>{b.reference}</span>
      <input type="text" name="reference" required maxLength={64} placeholder={b.reference_hint} autocomplete="off" />
    </label>
  );
}

function Reason({ b, standard }: { b: BoardWords; standard: string }) {
  return (
    <label class="field">
      <span>{b.reason}</span>
      <input type="text" name="reason" maxLength={200} placeholder={standard} autocomplete="off" />
    </label>
  );
}

export function ConfirmForm({ row, b, ask, close }: FormProps) {
  const secured = useSignal<"cod" | "credit">(row.method === "credit" ? "credit" : "cod");
  return (
    <Shell
      b={b}
      text={b.confirm.text}
      close={close}
      label={b.acts.confirm}
      save={() => ask({ type: "order.confirm", order: row.order, secured: secured.value })}
    >
      <fieldset class="choice">
        <legend class="hidden">{b.acts.confirm}</legend>
        {(["cod", "credit"] as const).map((kind) => (
          <label key={kind}>
            <input
              type="radio"
              name="secured"
              value={kind}
              checked={secured.value === kind}
              onChange={() => (secured.value = kind)}
            />{" "}
            {b.confirm[kind]}
          </label>
        ))}
      </fieldset>
    </Shell>
  );
}

export function PayForm({ row, b, ask, close }: FormProps) {
  const method = useSignal<"transfer" | "cash">(row.secured === "cod" ? "cash" : "transfer");
  return (
    <Shell
      b={b}
      text={b.pay.text}
      close={close}
      label={b.save}
      save={(form) => {
        const amount = minor_of(form, row.currency);
        if (amount > 0)
          ask({
            type: "order.pay",
            order: row.order,
            amount,
            method: method.value,
            reference: text_of(form, "reference"),
          });
      }}
    >
      <fieldset class="choice">
        <legend class="hidden">{b.acts.pay}</legend>
        {(["transfer", "cash"] as const).map((kind) => (
          <label key={kind}>
            <input
              type="radio"
              name="method"
              value={kind}
              checked={method.value === kind}
              onChange={() => (method.value = kind)}
            />{" "}
            {b.pay[kind]}
          </label>
        ))}
      </fieldset>
      <div class="fields">
        <Amount b={b} most={owed(row)} currency={row.currency} />
        <Reference b={b} />
      </div>
    </Shell>
  );
}

export function RefundForm({ row, b, ask, close }: FormProps) {
  return (
    <Shell
      b={b}
      text={b.refund.text}
      close={close}
      label={b.save}
      save={(form) => {
        const amount = minor_of(form, row.currency);
        if (amount > 0) ask({ type: "order.refund", order: row.order, amount, reference: text_of(form, "reference") });
      }}
    >
      <div class="fields">
        <Amount b={b} most={row.refund_due} currency={row.currency} />
        <Reference b={b} />
      </div>
    </Shell>
  );
}

export function RefuseForm({ row, b, ask, close }: FormProps) {
  return (
    <Shell
      b={b}
      text={b.refuse.text}
      close={close}
      danger
      label={b.acts.refuse}
      save={() => ask({ type: "order.refuse", order: row.order })}
    />
  );
}

/** The whole order, or units of some of its lines. */
export function CancelForm({ row, b, ask, close }: FormProps) {
  const by_line = useSignal(false);
  const request = useSignal(false);
  const live_lines = row.lines.filter((line) => line.qty > 0);
  return (
    <Shell
      b={b}
      text={`${b.cancel.text} ${request.value ? b.cancel.costs : b.cancel.costs_not}`}
      close={close}
      danger
      label={b.acts.cancel}
      save={(form) => {
        const cuts = live_lines
          .map((line) => ({ line: line.line, qty: Number(form.get(`line-${line.line}`) ?? 0) }))
          .filter(({ qty }) => qty > 0);
        if (by_line.value && cuts.length === 0) return;
        ask({
          type: "order.cancel",
          order: row.order,
          ...(by_line.value && { lines: cuts }),
          reason: text_of(form, "reason") || b.cancel.reason_default,
          at_customers_request: request.value,
        });
      }}
    >
      {row.state !== "late_wait" && (live_lines.length > 1 || (live_lines[0]?.qty ?? 0) > 1) && (
        <fieldset class="choice">
          <legend class="hidden">{b.cancel.text}</legend>
          <label>
            <input type="radio" name="what" checked={!by_line.value} onChange={() => (by_line.value = false)} />{" "}
            {b.cancel.whole}
          </label>
          <label>
            <input
              type="radio"
              name="what"
              checked={by_line.value}
              data-what="lines"
              onChange={() => (by_line.value = true)}
            />{" "}
            {b.cancel.by_line}
          </label>
        </fieldset>
      )}
      {by_line.value && (
        <div class="line-cuts">
          {live_lines.map((line) => (
            <LineUnits key={line.line} line={line} name={`line-${line.line}`} most={line.qty} />
          ))}
        </div>
      )}
      <label class="check">
        <input
          type="checkbox"
          name="request"
          checked={request.value}
          onChange={(event) => (request.value = event.currentTarget.checked)}
        />{" "}
        {b.cancel.customers_request}
      </label>
      <Reason b={b} standard={b.cancel.reason_default} />
    </Shell>
  );
}

function LineUnits({ line, name, most }: { line: OrderLine; name: string; most: number }) {
  const { f } = useStage();
  return (
    <label class="line-cut">
      <span>{line.title}</span>
      <span class="row-side">/ {f.number(most)}</span>
      <input type="number" name={name} min={0} max={most} step={1} defaultValue="0" inputMode="numeric" />
    </label>
  );
}

/** Units still with the customer. */
const returnable = (line: OrderLine): number => Math.max(0, line.qty - line.returned);

export function ReturnForm({ row, b, ask, close }: FormProps) {
  const lines = row.lines.filter((line) => returnable(line) > 0);
  const chosen = useSignal(lines[0]?.line ?? 0);
  const restock = useSignal(true);
  const line = lines.find((one) => one.line === chosen.value) ?? lines[0];
  if (!line) return null;
  return (
    <Shell
      b={b}
      text={b.give_back.text}
      close={close}
      label={b.save}
      save={(form) =>
        ask({
          type: "order.return",
          order: row.order,
          line: line.line,
          qty: Math.min(returnable(line), Math.max(1, Math.round(Number(form.get("qty"))))),
          restock: restock.value,
          reason: text_of(form, "reason") || b.give_back.reason_default,
        })
      }
    >
      <div class="fields">
        <label class="field">
          <span>{b.give_back.line}</span>
          <select
            name="line"
            value={String(line.line)}
            onChange={(event) => (chosen.value = Number(event.currentTarget.value))}
          >
            {lines.map((one) => (
              <option key={one.line} value={String(one.line)}>
                {one.title}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{b.give_back.qty}</span>
          <input
            key={line.line}
            type="number"
            name="qty"
            min={1}
            max={returnable(line)}
            step={1}
            defaultValue="1"
            inputMode="numeric"
          />
        </label>
      </div>
      <fieldset class="choice">
        <legend class="hidden">{b.give_back.text}</legend>
        <label>
          <input type="radio" name="where" checked={restock.value} onChange={() => (restock.value = true)} />{" "}
          {b.give_back.restock}
        </label>
        <label>
          <input
            type="radio"
            name="where"
            checked={!restock.value}
            data-where="write-off"
            onChange={() => (restock.value = false)}
          />{" "}
          {b.give_back.write_off}
        </label>
      </fieldset>
      <Reason b={b} standard={b.give_back.reason_default} />
    </Shell>
  );
}
