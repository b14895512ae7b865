/** The files of Hopyard, which an agent can read with and without a memory. They contain only what real files would contain. */
export const FILES: Readonly<Record<string, string>> = {
  'README.md': `# Hopyard

Tracks the batches of a brewery. vat is the API, cellar the worker, taproom the web UI.

    pnpm install
    pnpm dev

Brewed with care in a smal town.
`,
  'package.json': `{
  "name": "hopyard",
  "private": true,
  "packageManager": "pnpm@10.18.0",
  "scripts": { "dev": "turbo dev", "test": "turbo test", "build": "turbo build" }
}
`,
  'packages/vat/src/server.ts': `import { createServer } from 'node:http';
import { handle } from './handle.ts';

export const server = createServer(handle);
server.listen(Number(process.env.VAT_PORT));
`,
  'packages/vat/src/routes/batches.ts': `import type { Database } from '../database.ts';

export async function listBatches(database: Database) {
  return database.query('SELECT * FROM batches ORDER BY id');
}

export async function findBatch(database: Database, id: number) {
  const [batch] = await database.query('SELECT * FROM batches WHERE id = $1', [id]);
  return batch;
}
`,
  'packages/cellar/src/poll.ts': `import { setTimeout } from 'node:timers/promises';
import { readGravity } from './gravity.ts';
import { publish } from './readings.ts';
import { settings } from './settings.ts';

export async function poll(signal: AbortSignal) {
  while (!signal.aborted) {
    await publish('sensors.gravity', await readGravity());
    await setTimeout(settings.pollEveryMs, undefined, { signal });
  }
}
`,
  'packages/cellar/package.json': `{ "name": "cellar", "scripts": { "test": "vitest run" } }
`,
  'packages/taproom/src/chart.tsx': `import { readings } from './readings.ts';

export function Chart({ vat }: { vat: string }) {
  const points = readings(vat).map(({ at, temperature }) => [at, temperature]);
  return <Line points={points} />;
}
`,
  Dockerfile: `ARG BASE
FROM \${BASE}
WORKDIR /app
COPY pnpm-lock.yaml ./
RUN corepack enable && pnpm fetch
COPY . .
RUN pnpm install --offline && pnpm build
`,
};
