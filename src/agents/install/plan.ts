import { isDeepStrictEqual } from 'node:util';
import { InvalidInputError } from '../../errors.ts';
import { parseJsonc, plainValue } from './jsonc.ts';
import { backUp, backupOf, checkWritable, readText, removeFile, writeText } from './text-file.ts';

/** One configuration file of an agent, with our entries. */
export interface ConfigTarget {
  readonly path: string;
  /** `json` allows no comments and no trailing commas. A `text` is ours as a whole. */
  readonly format: 'json' | 'jsonc' | 'text';
  /** True if our entries are present in their current form. */
  readonly has: (text: string) => boolean;
  /** The text with our entries added; the given text has none of them. @throws InvalidInputError without the file's name */
  readonly add: (text: string) => string;
  /** The text without our entries, including older ones. */
  readonly remove: (text: string) => string;
  /** The initial content of a new file. */
  readonly fresh: string;
}

/** The change of a file. Undefined means that there is no file. */
export interface FileChange {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The change that adds our entries. @throws InvalidInputError, ConfigError */
export function planInstall(target: ConfigTarget): FileChange {
  const before = readText(target.path);
  const added = explained(target, () => {
    if (!before?.trim()) return `${target.add(target.fresh)}\n`;
    const cleared = cleanOf(target, before);
    return target.has(before) ? before : target.add(cleared);
  });
  checkAfter(target, before, added);
  return { path: target.path, before, after: added };
}

/**
 * The change that removes our entries. If nothing else has changed since, the original file is restored exactly.
 * @throws InvalidInputError, ConfigError
 */
export function planUninstall(target: ConfigTarget): FileChange {
  const { path } = target;
  const before = readText(path);
  if (before === undefined || before.trim() === '') return { path, before, after: before };
  const former = readText(backupOf(path));
  const after = explained(target, () => {
    const cleared = cleanOf(target, before);
    if (cleared === before) return before;
    // Nothing else is in it, and there was no file or an empty one.
    if (!former?.trim() && cleared.trim() === target.fresh.trim()) return former;
    return former?.trim() && target.add(former) === before ? former : cleared;
  });
  if (after?.trim()) checkAfter(target, before, after);
  return { path, before, after };
}

/** Carries out a change. @throws ConfigError with nothing changed */
export function applyChange({ path, before, after }: FileChange, target: ConfigTarget, isUndo: boolean): void {
  if (before === after) return;
  if (after === undefined) removeFile(path);
  else {
    const hasOurs = before !== undefined && before.trim() !== '' && target.remove(before) !== before;
    checkWritable(path);
    if (before !== undefined && !hasOurs && !isUndo) backUp(path, before);
    writeText(path, after);
  }
  if (isUndo) removeFile(backupOf(path));
}

function cleanOf(target: ConfigTarget, text: string): string {
  if (target.format === 'json') checkStrict(text);
  if (target.format !== 'text') parseJsonc(text);
  return target.remove(text);
}

/** Checks that only our entries have changed, and that the agent can read the file. */
function checkAfter(target: ConfigTarget, before: string | undefined, after: string): void {
  if (target.format === 'text') return;
  explained(target, () => {
    if (target.format === 'json') checkStrict(after);
    const others = (text: string) => filled(plainValue(parseJsonc(target.remove(text))));
    const former = before?.trim() ? before : target.fresh;
    if (!isDeepStrictEqual(others(after), others(former)))
      throw new InvalidInputError('it could not be changed without changing more than our entries');
  });
}

/** Without empty lists and objects, because a container that held only our entries is removed with them. */
function filled(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(filled);
  const entries = Object.entries(value).map(([key, inner]) => [key, filled(inner)] as const);
  return Object.fromEntries(
    entries.filter(([, inner]) => typeof inner !== 'object' || inner === null || Object.keys(inner).length > 0),
  );
}

function checkStrict(text: string): void {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    // The message of our own reader names the line.
    parseJsonc(text);
    throw new InvalidInputError('its agent takes no comments and no trailing commas there', { cause: error });
  }
}

function explained<T>({ path }: ConfigTarget, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InvalidInputError) || error.message.startsWith(path)) throw error;
    throw new InvalidInputError(`${path} cannot be used: ${error.message}. Nothing was changed.`, { cause: error });
  }
}
