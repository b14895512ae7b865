/**
 * How an answer ended before it was whole:
 * `silent` – the server said nothing, or not yet a word of the answer;
 * `paused` – it fell silent in the middle of the answer;
 * `endless` – it went on and on;
 * `cut` – the connection broke in the middle;
 * `unfinished` – it stopped as if all were well, but never said that this is the end.
 */
export type Interruption = 'silent' | 'paused' | 'endless' | 'cut' | 'unfinished';

/** Told to users by failures.ts. */
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
