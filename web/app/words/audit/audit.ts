// What the audit page says.

import type { Bucket } from "../../core/audit";
import type { Lang } from "../format";
import { en } from "./en";
import { id } from "./id";
import { ms } from "./ms";

export interface AuditWords {
  title: string;
  intro: string;
  needs_token: string;
  denied: string;
  failed: string;
  no_ledger: string;
  loading: string;
  refresh: string;
  posted: (time: string) => string;
  lag_none: string;
  lag: (entries: string) => string;
  position: (place: string) => string;
  good: string;
  good_text: (units: string, skus: string) => string;
  bad: (count: string) => string;
  bad_text: string;
  views_filled: (count: string) => string;
  units_in: string;
  units_out: string;
  difference: string;
  buckets: Record<Bucket | "shortage", string>;
  views_title: string;
  views_empty: string;
  rows: (count: string) => string;
  views: Record<string, { name: string; text: string }>;
  skus_title: string;
  search: string;
  search_hint: string;
  no_skus: string;
  show_all: (count: string) => string;
  uncounted: string;
  history: string;
  history_of: (title: string) => string;
  history_none: string;
  more: string;
  close: string;
  when: string;
  cause: string;
  actor: string;
  change: string;
  after: string;
  csv: string;
  csv_proof: string;
  csv_days: string;
  csv_trail: string;
  csv_history: string;
  csv_failed: string;
}

export const AUDIT: Record<Lang, AuditWords> = { id, ms, en };
