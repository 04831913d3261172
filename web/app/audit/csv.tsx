// A CSV of the ledger: fetched with the token, which no link could carry, and saved as a file.

import { useSignal } from "@preact/signals";
import type { Ledger } from "../core/audit";
import type { AuditWords } from "../words/audit/audit";

interface Props {
  ledger: Ledger;
  a: AuditWords;
  /** Below the ledger's address. */
  path: string;
  name: string;
  label: string;
}

export function Csv({ ledger, a, path, name, label }: Props) {
  const failed = useSignal(false);
  const save = async () => {
    try {
      const address = URL.createObjectURL(await ledger.csv(path));
      const link = document.createElement("a");
      link.href = address;
      link.download = name;
      link.click();
      URL.revokeObjectURL(address);
      failed.value = false;
    } catch {
      failed.value = true;
    }
  };
  return (
    <span class="csv">
      <button type="button" class="link" data-csv={path} onClick={() => void save()}>
        {label}
      </button>
      {failed.value && (
        <span class="csv-failed" role="alert">
          {a.csv_failed}
        </span>
      )}
    </span>
  );
}
