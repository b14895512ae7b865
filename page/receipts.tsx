import { signal } from '@preact/signals';
import { group, path } from './route.tsx';
import { readStored, writeStored } from './storage.ts';
import { Time } from './times.tsx';

/** A change made on this page, shown until the user closes it; the one of a forgotten text only until another screen is opened. It quotes no stored text, because a forgotten text must leave no trace. */
export interface Receipt {
  readonly id: string;
  readonly kind: 'forget' | 'replay' | 'drop';
  /** The memory that was open. */
  readonly memory: string;
  readonly at: string;
  readonly done: string;
  /** Remaining content, each with its remedy. */
  readonly left: readonly string[];
  /** For replayed jobs, the time of the previous failure by job id. */
  readonly failedBefore?: Readonly<Record<string, string>>;
}

const KEY = 'memory-manager receipts';
const MOST = 5;

/** The receipts of this tab, latest first. They survive a reload. */
export const receipts = signal<readonly Receipt[]>(stored());

function stored(): Receipt[] {
  try {
    return JSON.parse(readStored('sessionStorage', KEY) ?? '[]');
  } catch {
    return [];
  }
}

function set(next: readonly Receipt[]): void {
  receipts.value = next;
  writeStored('sessionStorage', KEY, JSON.stringify(next));
}

let shownPath = path.value;
path.subscribe((next) => {
  if (next === shownPath) return;
  shownPath = next;
  if (receipts.value.some(({ kind }) => kind === 'forget')) set(receipts.value.filter(({ kind }) => kind !== 'forget'));
});

let count = 0;

export function addReceipt(receipt: Omit<Receipt, 'id' | 'at' | 'memory'>): void {
  const at = new Date().toISOString();
  // `crypto.randomUUID` does not exist on plain http, except on localhost.
  const id = `${at} ${count++}`;
  set([{ ...receipt, id, at, memory: group.value ?? '' }, ...receipts.value].slice(0, MOST));
}

/** @param more the current outcome of a receipt */
export function Receipts({
  kinds,
  more,
}: {
  kinds: readonly Receipt['kind'][];
  more?: (receipt: Receipt) => readonly string[];
}) {
  // Queues are shared by all memories.
  const shown = receipts.value.filter(
    ({ kind, memory }) => kinds.includes(kind) && (kind !== 'forget' || memory === (group.value ?? '')),
  );
  if (shown.length === 0) return null;
  return (
    <ul class="receipts" aria-label="Done in this tab" aria-live="polite">
      {shown.map((receipt) => (
        <li class="notice receipt" key={receipt.id}>
          <p>
            <b>{receipt.done}</b> <Time of={receipt.at} />
          </p>
          {[...(more?.(receipt) ?? []), ...receipt.left].map((line) => (
            <p class="quiet" key={line}>
              {line}
            </p>
          ))}
          <button
            type="button"
            class="plain"
            aria-label={`Close: ${receipt.done}`}
            onClick={() => set(receipts.value.filter(({ id }) => id !== receipt.id))}
          >
            Close
          </button>
        </li>
      ))}
    </ul>
  );
}
