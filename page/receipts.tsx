import { signal } from '@preact/signals';
import { group } from './route.tsx';
import { readStored, writeStored } from './storage.ts';
import { Time } from './times.tsx';

/** What was changed here, shown until someone closes it. It names no stored text, since a forgotten text leaves no trace. */
export interface Receipt {
  readonly id: string;
  readonly kind: 'forget' | 'replay' | 'drop';
  /** The memory that was shown. */
  readonly memory: string;
  readonly at: string;
  readonly done: string;
  /** What remains, and what to do about it. */
  readonly left: readonly string[];
  /** Of replayed jobs the time of the failure before, by id. */
  readonly failedBefore?: Readonly<Record<string, string>>;
}

const KEY = 'memory-manager receipts';
const MOST = 5;

/** Of this tab, the latest first; a reload keeps them. */
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

let count = 0;

export function addReceipt(receipt: Omit<Receipt, 'id' | 'at' | 'memory'>): void {
  const at = new Date().toISOString();
  // `crypto.randomUUID` is missing on plain http, except on this machine.
  const id = `${at} ${count++}`;
  set([{ ...receipt, id, at, memory: group.value ?? '' }, ...receipts.value].slice(0, MOST));
}

/** @param more what became of it since, by receipt */
export function Receipts({
  kinds,
  more,
}: {
  kinds: readonly Receipt['kind'][];
  more?: (receipt: Receipt) => readonly string[];
}) {
  // Queues are those of all memories.
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
