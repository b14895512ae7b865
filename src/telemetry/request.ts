import { trace } from './tracing.ts';

/**
 * A call of one of the library's public functions.
 * @param resource the function's name in snake_case
 */
export function request<T>(resource: string, work: () => Promise<T>): Promise<T> {
  return trace('memory.request', { resource }, work);
}
