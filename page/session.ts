import { computed, signal } from '@preact/signals';
import type { Reply } from '../src/page/schemas.ts';
import { call } from './calls.ts';

/** The server's description of itself; undefined until its first reply. */
export const session = signal<Reply<'session'> | undefined>(undefined);
export const isReadOnly = computed(() => session.value?.isReadOnly ?? true);

export async function openSession(): Promise<void> {
  session.value = await call('session', {});
}
