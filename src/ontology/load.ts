import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../errors.ts';
import { NO_ONTOLOGY, type Ontology } from '../ontology.ts';
import { SECOND } from '../time.ts';
import { withTimeout } from '../with-timeout.ts';
import { readDefinition } from './read-definition.ts';

const ENDINGS = ['.ts', '.mts', '.js', '.mjs', '.json'];
const LOADS_WITHIN = 10 * SECOND;

/** The `memory.config.…` of a folder, if it has one. */
export function findDefinition(folder = process.cwd()): string | undefined {
  return ENDINGS.map((ending) => resolve(folder, `memory.config${ending}`)).find((file) => existsSync(file));
}

/**
 * Loads the user's own types from a configuration file.
 * @param file default: the `memory.config.…` of the working directory; no own types if there is none
 * @throws ConfigError in one sentence that names the file
 */
export async function loadOntology(file: string | undefined = findDefinition()): Promise<Ontology> {
  return file === undefined ? NO_ONTOLOGY : readDefinition(await exportOf(file), file);
}

async function exportOf(file: string): Promise<unknown> {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) throw new ConfigError(`The configuration file ${file} does not exist; check MEMORY_CONFIG.`);
  if (!found.isFile() || !ENDINGS.includes(extname(file)))
    throw new ConfigError(`${file} is not a configuration file; its name must end in ${ENDINGS.join(', ')}.`);
  try {
    if (extname(file) === '.json') return JSON.parse(withoutMark(await readFile(file, 'utf8')));
    return await importOf(file);
  } catch (error) {
    throw new ConfigError(`${file} cannot be loaded: ${reason(error)}.`, { cause: error });
  }
}

/** Node runs TypeScript by removing its types. A file with a top-level await that does not finish within 10 s fails. */
async function importOf(file: string): Promise<unknown> {
  const load = async () => ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  const exported = await withTimeout(LOADS_WITHIN, load(), () => {
    throw new Error(`it did not finish within ${LOADS_WITHIN / SECOND} s`);
  });
  // Without an export Node may take it for a CommonJS file, whose default is an empty object.
  if (exported !== undefined && !isEmpty(exported)) return exported;
  throw new Error('it has no default export; write export default defineMemory({…})');
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

const withoutMark = (text: string): string => text.replace(/^\uFEFF/, '');

function reason(error: unknown): string {
  const { code, message = String(error) } = (error ?? {}) as NodeJS.ErrnoException;
  const [line = ''] = message.trim().split('\n');
  const hint = HINTS.find(([pattern]) => pattern.test(code ?? ''))?.[1] ?? '';
  return `${line.replace(/\.$/, '')}${hint}`;
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/TYPESCRIPT_SYNTAX/, ' (Node runs TypeScript by leaving its types out: no enum, namespace or parameter property)'],
  [/MODULE_NOT_FOUND/, ' (install the package beside the file)'],
];
