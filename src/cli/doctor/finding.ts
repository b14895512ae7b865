/** `problem`: something does not work. `warning`: it works, but something is at risk or could not be checked. */
export type Level = 'ok' | 'warning' | 'problem';

/** The result of one check, as one sentence that says what to type where something is wrong. */
export interface Finding {
  readonly level: Level;
  /** The subject, such as `Valkey`. */
  readonly about: string;
  readonly message: string;
}

export const ok = (about: string, message: string): Finding => ({ level: 'ok', about, message });
export const warning = (about: string, message: string): Finding => ({ level: 'warning', about, message });
export const problem = (about: string, message: string): Finding => ({ level: 'problem', about, message });

/** The failure of a check, as a sentence without secrets. */
export function errorSentence(error: unknown): string {
  const { name = 'Error', message = String(error) } = (error ?? {}) as Error;
  return /[.)]$/.test(message) ? message : `${name}: ${message.split('\n')[0]}.`;
}
