import type { Tracer } from 'dd-trace';

/**
 * The tracer of this process, if it was started (by us, or by the program that uses the library). dd-trace keeps it in this
 * global itself, so that all copies of a library find the same one; hence it is no parameter.
 */
export function tracer(): Tracer | undefined {
  return (globalThis as { _ddtrace?: Tracer })._ddtrace;
}
