import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import * as z from 'zod/mini';
import { type Config, readSettings } from '../../config.ts';
import { ConfigError, InvalidInputError } from '../../errors.ts';
import { readJsonFile } from '../../json.ts';
import { findDefinition } from '../../ontology/load.ts';
import type { CommandCall } from '../command.ts';

/** Options of the commands that load the users' own types by running the file that defines them. */
export const TRUST_OPTIONS = { 'trust-config': { type: 'boolean' }, 'no-config': { type: 'boolean' } } as const;
export const TRUST_HELP = `  --trust-config     trust the memory.config.… of this folder until its content changes
  --no-config        start without the memory.config.… of this folder`;

/** SHA-256 of each file that was trusted, by its path. */
const trustShape = z.record(z.string(), z.string());

/**
 * The file that defines the users' own types: the file that MEMORY_CONFIG or a running `up` names, or that of the working folder if the
 * user trusts it. A folder may come from anywhere, and its file is run as a program.
 * @throws ConfigError if the file of the working folder is not trusted
 */
export async function trustedOntologyFile(
  name: string,
  call: CommandCall,
  { configFile, home }: Config,
): Promise<string | undefined> {
  if (call.flag('no-config')) {
    if (call.flag('trust-config')) throw new InvalidInputError('Give --trust-config or --no-config, not both.');
    return undefined;
  }
  const definition = findDefinition();
  if (call.flag('trust-config')) {
    if (!definition) throw new InvalidInputError('--trust-config: this folder has no memory.config.… file.');
    await trust(home, definition);
    return definition;
  }
  const file = configFile ?? definition;
  if (file === undefined || readSettings().origins.MEMORY_CONFIG === 'environment') return file;
  const { [file]: trusted } = readTrusted(home);
  // Recorded by an `up` whose environment named the file.
  if (trusted === undefined && configFile !== undefined) return configFile;
  if (trusted === (await hashOf(file))) return file;
  const problem =
    trusted === undefined
      ? 'is a program that is not trusted yet'
      : 'is a program that has changed since it was trusted';
  throw new ConfigError(
    `${file} ${problem}. If you know what it does, run memory-manager ${name} --trust-config (once); --no-config starts without it.`,
  );
}

const trustFile = (home: string) => join(home, 'trusted-configs.json');

/** An unreadable list trusts no file. */
const readTrusted = (home: string): Record<string, string> => readJsonFile(trustFile(home), trustShape) ?? {};

async function trust(home: string, file: string): Promise<void> {
  const trusted = { ...readTrusted(home), [file]: await hashOf(file) };
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFileAtomic(trustFile(home), `${JSON.stringify(trusted, null, 2)}\n`, { mode: 0o600 });
}

async function hashOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
