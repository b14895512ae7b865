/**
 * Measures export, verification and restoration of one graph.
 *
 *     node bench/archive.ts [facts]              100000 without a number
 *     node bench/archive.ts [facts] --exports    reading and exporting alone, of a graph without indexes
 *
 * Each is done in a separate process, whose memory is measured while it works; "above idle" is above what the same process
 * takes once it has read a few pages.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServers } from '../src/embedded/servers.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import type { ArchiveWorkRequest, ArchiveWorkResult } from './archive-work.ts';
import { measureEncryption } from './encryption.ts';
import { fillGraph, syntheticData } from './synthetic.ts';

const facts = Number(process.argv[2] ?? 100_000);
const onlyExports = process.argv.includes('--exports');
const GROUP = 'bench-archive';
const servers = await startServers();
const folder = mkdtempSync(join(tmpdir(), 'memory-archive-bench-'));
const { host, port } = servers.falkordb;

async function measure(work: Omit<ArchiveWorkRequest, 'address' | 'folder' | 'group'>): Promise<ArchiveWorkResult> {
  const child = fork(fileURLToPath(new URL('archive-work.ts', import.meta.url)));
  child.send({ ...work, group: GROUP, folder, address: { host, port, tls: false } } satisfies ArchiveWorkRequest);
  const [done] = (await once(child, 'message')) as [ArchiveWorkResult];
  console.error(`${work.kind}: ${JSON.stringify(done)}`);
  return done;
}

const ratio = (one: number, other: number) => (one / other).toFixed(2);

function tell(what: string, { took, rss }: ArchiveWorkResult, more = ''): void {
  console.log(`| ${what} | ${(took / 1000).toFixed(1)} s, ${rss} MB above idle | ${more} |`);
}

try {
  const graphs = openGraphs({ host, port, tls: false });
  console.error(`making a graph of ${facts} facts …`);
  const logProgress = (done: number) => done % 20_000 === 0 && console.error(`  ${done}`);
  await fillGraph(graphs.group(GROUP), syntheticData(3), facts, logProgress, !onlyExports);
  graphs.close();
  const exported = await measure({ kind: 'export' });
  const read = await measure({ kind: 'read' });
  const compressed = await measure({ kind: 'export', gzip: true });
  const again = await measure({ kind: 'read' });
  const onlyRead = (read.took + again.took) / 2;
  console.log(`${facts} facts\n`);
  tell('the same rows only read', read);
  tell('export', exported, `× ${ratio(exported.took, onlyRead)} of reading (≤ 1.5), ${exported.megabytes} MB`);
  tell('export, gzip', compressed, `× ${ratio(compressed.took, onlyRead)}, ${compressed.megabytes} MB`);
  if (!onlyExports) {
    tell('verify', await measure({ kind: 'verify' }));
    const bare = await measure({ kind: 'insert' });
    const restored = await measure({ kind: 'restore' });
    tell('bare UNWIND inserts, same indexes', bare);
    tell('restore', restored, `× ${ratio(restored.took, bare.took)} of bare inserts (≤ 1.2)`);
  }
  console.log(await measureEncryption());
} finally {
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}
