import { effect, useComputed, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { CallName, Input, Reply } from '../src/page/schemas.ts';
import { CallError, call, freshness, outdatedAt, refresh } from './calls.ts';

export interface Loaded<T> {
  readonly data: T | undefined;
  readonly error: CallError | undefined;
  readonly isLoading: boolean;
}

/**
 * Calls the server when the input or `freshness` changes. Meanwhile the previous reply stays only if its input is the same. No call without input.
 * @param options.calmMs minimum age of a reply before `freshness` reloads it
 */
export function useCall<Name extends CallName>(
  name: Name,
  input: Input<Name> | undefined,
  { calmMs = 0 }: { readonly calmMs?: number } = {},
): Loaded<Reply<Name>> {
  const state = useSignal<Loaded<Reply<Name>>>({ data: undefined, error: undefined, isLoading: input !== undefined });
  const key = JSON.stringify(input);
  const asked = useSignal(key);
  const answered = useRef<string | undefined>(undefined);
  const answeredAt = useRef(0);
  const becomesOld = useSignal(0);
  asked.value = key;
  // A layout effect calls before the first paint; the effect hook of the signals library runs after it.
  useLayoutEffect(() => effect(ask), []);
  return useComputed(() => state.value).value;

  function ask() {
    const now = asked.value;
    void freshness.value;
    if (now === undefined) {
      state.value = { data: undefined, error: undefined, isLoading: false };
      return;
    }
    const isSame = answered.current === now;
    void becomesOld.value;
    const age = performance.now() - answeredAt.current;
    if (isSame && !state.peek().error && age < calmMs && answeredAt.current > outdatedAt) {
      const later = setTimeout(() => (becomesOld.value += 1), calmMs - age);
      return () => clearTimeout(later);
    }
    const leaving = new AbortController();
    state.value = { data: isSame ? state.peek().data : undefined, error: undefined, isLoading: true };
    call(name, JSON.parse(now), leaving.signal).then(
      (data) => {
        if (leaving.signal.aborted) return;
        answered.current = now;
        answeredAt.current = performance.now();
        state.value = { data, error: undefined, isLoading: false };
      },
      (error) => {
        if (leaving.signal.aborted) return;
        const shown =
          error instanceof CallError ? error : new CallError('ERR_UNEXPECTED', 'The page failed to read the answer.');
        state.value = {
          data: shown.code === 'ERR_AWAY' ? state.peek().data : undefined,
          error: shown,
          isLoading: false,
        };
      },
    );
    return () => leaving.abort();
  }
}

/** Shows the loaded data, or the reason for its absence. */
export function Show<T>({
  loaded,
  children,
  lines = 4,
  waitsFor,
}: {
  loaded: Loaded<T>;
  children: (data: T) => ComponentChildren;
  lines?: number;
  /** A sentence that says what takes long. */
  waitsFor?: string;
}) {
  if (loaded.data !== undefined)
    return <div class={loaded.isLoading ? 'refreshing' : undefined}>{children(loaded.data)}</div>;
  if (loaded.error) return <Problem error={loaded.error} />;
  if (loaded.isLoading) return <Skeleton lines={lines} waitsFor={waitsFor} />;
  return null;
}

export function Problem({ error }: { error: CallError }) {
  return (
    <div class="notice problem" role="alert">
      <p>{error.message}</p>
      {/* Trying again does not help if the entity or episode does not exist. */}
      {error.code !== 'ERR_INVALID_INPUT' && (
        <button type="button" onClick={refresh}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Most replies arrive sooner, and a message that flashes by cannot be read. */
const WORDS_AFTER_MS = 700;

function Skeleton({
  lines,
  waitsFor = 'Reading the memory; it is slower than usual.',
}: {
  lines: number;
  waitsFor?: string | undefined;
}) {
  const isSlow = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => (isSlow.value = true), WORDS_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  const widths = useMemo(() => Array.from({ length: lines }, (_, at) => 92 - ((at * 37) % 45)), [lines]);
  return (
    <div class="skeleton" role="status" aria-busy="true" aria-label="Loading">
      {widths.map((width) => (
        <span key={width} style={{ width: `${width}%` }} />
      ))}
      {isSlow.value && <p class="quiet">{waitsFor}</p>}
    </div>
  );
}
