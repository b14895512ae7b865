/**
 * Measures export, verification and restoration of one graph.
 *
 *     node bench/archive.ts [facts]     100000 without a number
 *
 * Each is done in a process of its own, whose memory is looked at while it works; "above idle" is above what the same process
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
import type { Done, Work } from './archive-work.ts';
import { fill, synthetic } from './synthetic.ts';

const facts = Number(process.argv[2] ?? 100_000);
const GROUP = 'bench-archive';
const servers = await startServers();
const folder = mkdtempSync(join(tmpdir(), 'memory-archive-bench-'));
const { host, port } = servers.falkordb;

async function measure(work: Omit<Work, 'address' | 'folder' | 'group'>): Promise<Done> {
  const child = fork(fileURLToPath(new URL('archive-work.ts', import.meta.url)));
  child.send({ ...work, group: GROUP, folder, address: { host, port, tls: false } } satisfies Work);
  const [done] = (await once(child, 'message')) as [Done];
  console.error(`${work.kind}: ${JSON.stringify(done)}`);
  return done;
}

try {
  const graphs = openGraphs({ host, port, tls: false });
  console.error(`making a graph of ${facts} facts …`);
  await fill(graphs.group(GROUP), synthetic(3), facts, (done) => done % 20_000 === 0 && console.error(`  ${done}`));
  graphs.close();
  const read = await measure({ kind: 'read' });
  const exported = await measure({ kind: 'export' });
  const again = await measure({ kind: 'read' });
  const compressed = await measure({ kind: 'export', gzip: true });
  const verified = await measure({ kind: 'verify' });
  const bare = await measure({ kind: 'insert' });
  const restored = await measure({ kind: 'restore' });
  const seconds = ({ took }: Done) => `${(took / 1000).toFixed(1)} s`;
  const onlyRead = (read.took + again.took) / 2;
  const row = (what: string, done: Done, other: string) => ({
    what,
    measured: `${seconds(done)}, ${done.rss} MB above idle`,
    wanted: other,
  });
  console.log(`${facts} facts\n`);
  for (const { what, measured, wanted } of [
    row('the same rows only read', read, ''),
    row('export', exported, `× ${(exported.took / onlyRead).toFixed(2)} of reading (≤ 1.5), ${exported.megabytes} MB`),
    row('export, gzip', compressed, `× ${(compressed.took / onlyRead).toFixed(2)}, ${compressed.megabytes} MB`),
    row('verify', verified, ''),
    row('bare UNWIND inserts, same indexes', bare, ''),
    row('restore', restored, `× ${(restored.took / bare.took).toFixed(2)} of bare inserts (≤ 1.2)`),
  ])
    console.log(`| ${what} | ${measured} | ${wanted} |`);
} finally {
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}
