// What the host's board of orders says.

import type { HostAct, Shelf } from "../../core/orders";
import type { Lang } from "../format";
import { en } from "./en";
import { id } from "./id";
import { ms } from "./ms";

export interface BoardWords {
  views: { live: string; orders: string };
  title: string;
  shelves: Record<Shelf, string>;
  search: string;
  search_hint: string;
  none: string;
  none_found: string;
  more: string;
  older: string;
  older_failed: string;
  origin: Record<"live" | "web" | "channel", string>;
  secured: Record<"cod" | "credit", string>;
  checking: string;
  total: string;
  captured: string;
  owed: string;
  refund_due: string;
  refunded: string;
  pay_time: string;
  late_time: string;
  returned: (count: string) => string;
  cancelled_units: (count: string) => string;
  reason: string;
  reference: string;
  reference_hint: string;
  amount: string;
  save: string;
  working: string;
  back: string;
  acts: Record<HostAct, string>;
  confirm: { text: string; cod: string; credit: string };
  pay: { text: string; transfer: string; cash: string };
  refund: { text: string };
  refuse: { text: string };
  cancel: {
    text: string;
    whole: string;
    by_line: string;
    customers_request: string;
    costs: string;
    costs_not: string;
    reason_default: string;
  };
  give_back: {
    text: string;
    line: string;
    qty: string;
    restock: string;
    write_off: string;
    reason_default: string;
  };
}

export const BOARD: Record<Lang, BoardWords> = { id, ms, en };
