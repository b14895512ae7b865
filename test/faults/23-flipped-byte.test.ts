import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readInventory } from '../../src/archive/compare-graph.ts';
import { exportGraph } from '../../src/archive/export.ts';
import { folderStore } from '../../src/archive/stores/folder.ts';
import { runCommand } from '../support/command-line.ts';
import { fillGraph } from '../support/faults/archive.ts';
import { repetitions } from '../support/faults/count.ts';
import { record } from '../support/faults/results.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { random } from '../support/random.ts';

const testbed = useTestbed();
const flips = repetitions({ full: 100, small: 6 });
/** The position of the byte. */
const KINDS = ['the JSON', 'the compressed JSON', 'the manifest'] as const;

test(`23. one flipped byte in each of ${flips} archives is detected by verify, and restore refuses them`, async () => {
  const began = Date.now();
  const { config, environment } = testbed.scenario();
  const graph = testbed.graphs.group(config.group);
  await fillGraph(graph, 8);
  const { hashes: before } = await readInventory(graph, 0);
  const store = folderStore(config.exportDir);
  const chance = random(23);
  const status = async (...args: string[]) => (await runCommand(['archive', ...args], environment)).status;

  const missed: string[] = [];
  for (let flip = 0; flip < flips; flip += 1) {
    const kind = KINDS[flip % KINDS.length];
    const { file, manifest } = await exportGraph(graph, store, () => {}, { gzip: kind !== 'the JSON' });
    const path = join(config.exportDir, kind === 'the manifest' ? manifest : file);
    const damaged = await readFile(path);
    const place = Math.floor(chance() * damaged.length);
    damaged[place] = (damaged[place] ?? 0) ^ (1 << Math.floor(chance() * 8));
    await writeFile(path, damaged);

    const found = [await status('verify', file), await status('restore', file, '--replace')];
    if (found.some((it) => it !== 2)) missed.push(`byte ${place} of ${kind}: ${found}`);
  }

  const { hashes: after } = await readInventory(graph, 0);
  const { file } = await exportGraph(graph, store, () => {});
  expect(missed).toEqual([]);
  expect(after).toEqual(before);
  expect([await status('verify', file), await status('restore', file, '--replace')]).toEqual([0, 0]);
  record({
    row: 23,
    ran: `one bit of one byte flipped in each of ${flips} archives: in the JSON, the compressed JSON or the manifest`,
    came: `${flips - missed.length} of ${flips} detected by \`archive verify\` (status 2) and refused by \`archive restore --replace\`; the memory unchanged`,
    took: Date.now() - began,
    figures: { missed: missed.length },
  });
});
