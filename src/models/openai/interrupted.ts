/**
 * How an answer ended before it was whole:
 * `silent` – the server said nothing, or not yet a word of the answer;
 * `paused` – it fell silent in the middle of the answer;
 * `endless` – it exceeded the limit for the whole answer;
 * `cut` – the connection broke in the middle;
 * `unfinished` – it stopped without an error, but never marked the end.
 */
export type Interruption = 'silent' | 'paused' | 'endless' | 'cut' | 'unfinished';

/** failures.ts turns it into a sentence for users. */
export class Interrupted extends Error {
  override name = 'Interrupted';
  readonly by: Interruption;
  /** Milliseconds that were waited; 0 where no limit was met. */
  readonly after: number;

  constructor(by: Interruption, after = 0, options?: ErrorOptions) {
    super(by, options);
    this.by = by;
    this.after = after;
  }
}
