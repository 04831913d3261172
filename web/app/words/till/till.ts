// What the pages say of checkout, payment and orders, as a type.

import type { Method, OrderState, SandboxAction } from "../../core/order-wire";

export interface TillWords {
  /** The button under the bookings. */
  check_out: (count: string) => string;
  orders_button: string;
  pay_now: string;
  close: string;
  back: string;
  retry: string;

  select: {
    title: string;
    text: string;
    all: string;
    sum: string;
    go: (count: string) => string;
    going: string;
    none: string;
  };

  checkout: {
    title: string;
    time: string;
    bookings_time: string;
    goods: string;
    vat: (percent: string) => string;
    total: string;
    place: string;
    placing: string;
    ended: string;
    again: string;
    change: string;
  };

  pay: {
    choose: string;
    choose_text: string;
    methods: Record<Method, { name: string; text: string }>;
    starting: string;
    change: string;
    time: string;
    qr_label: (amount: string) => string;
    scan: string;
    qr_missing: string;
    show_again: string;
    code_time: string;
    ran_out: string;
    failed: string;
    new_code: string;
    open_page: string;
    wait_for_shop: string;
    cod_wait: string;
    checking: string;
    partly: (captured: string, owed: string) => string;
    deadline_over: string;
  };

  sandbox: {
    title: string;
    text: string;
    actions: Record<SandboxAction, string>;
    never: string;
    late: string;
    sent: string;
    failed: string;
  };

  orders: {
    title: string;
    none: string;
    number: string;
    placed_at: string;
    lines: string;
    open: string;
    state: Record<OrderState, string>;
  };

  /** What became of an order, in a sentence. */
  result: {
    paid: (amount: string) => string;
    too_much: (amount: string) => string;
    paid_late: string;
    confirmed_cod: string;
    confirmed_credit: string;
    shipped: string;
    finished: string;
    expired: string;
    expired_late: string;
    cancelled: (reason: string) => string;
    late_wait: string;
    late_wait_time: string;
    refund_due: (amount: string) => string;
    refunded: (amount: string) => string;
    returned: string;
    changed: string;
  };

  cancel: {
    button: string;
    confirm: string;
    /** `points` is empty where the server does not say how many. */
    costs: (points: string) => string;
    costs_nothing: string;
    keep: string;
    go: string;
    going: string;
  };

  told: {
    ordered: (number: string, span: string) => string;
  };
}
