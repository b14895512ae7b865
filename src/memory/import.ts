import { InvalidInput } from '../errors.ts';
import { type Checking, openChecking } from '../import/check.ts';
import {
  type Counts,
  type Imported,
  type ImportFormat,
  type ImportOptions,
  newCounts,
  passOver,
} from './import-counts.ts';
import { handInAll } from './import-parts.ts';
import { type ImportSource, openSource, type Source } from './import-source.ts';
import type { Services } from './services.ts';

const EXAMPLES = 5;

/**
 * Brings in what another memory wrote. All is looked at before the first of it is handed in; doing it again, also after it broke
 * off, adds only what is not there.
 * @throws InvalidInput naming the line; StoreUnreachable, AccessRefused, WrongServer; NoWorker where it was to wait
 */
export async function importInto(
  services: Services,
  format: ImportFormat,
  given: ImportSource,
  options: ImportOptions,
): Promise<Imported> {
  const { dryRun = false } = options;
  const { maxContentBytes } = services.config;
  const source = await openSource(given, maxContentBytes);
  try {
    const checking = openChecking(format, {
      groupOf: (own) => services.group(options.group ?? own),
      maxContentBytes,
      referenceTime: options.referenceTime,
    });
    await note(source, checking);
    const counts = newCounts();
    await check(source, checking, counts, options);
    if (!dryRun) await handInAll(services, source, checking, counts, options);
    return { format: checking.format, dryRun, ...counts };
  } finally {
    await source.close();
  }
}

/** Of some formats what comes first depends on what comes last. */
async function note(source: Source, checking: Checking): Promise<void> {
  for await (const value of source.values()) {
    checking.note(value);
    if (!checking.isNoting()) return;
  }
}

async function check(source: Source, checking: Checking, counts: Counts, options: ImportOptions): Promise<void> {
  for await (const value of source.values((share) => options.onProgress?.(share, 'check'))) {
    const checked = checking.check(value);
    const problems = 'problem' in checked ? [checked.problem] : checked.problems;
    for (const problem of problems) {
      // Of a file of which nothing can be read there is nothing to pass over.
      if (!options.skipBroken) throw new InvalidInput(checking.format ? `${problem} Nothing was imported.` : problem);
      passOver(problem, counts);
    }
    if ('problem' in checked) continue;
    for (const { uuid: _, name: __, createdAt: ___, ...example } of checked.episodes) {
      if (example.source === 'fact_triple') counts.facts += 1;
      else counts.texts += 1;
      if (counts.examples.length < EXAMPLES) counts.examples.push(example);
    }
  }
}
