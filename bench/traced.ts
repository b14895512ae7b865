/**
 * The same as bench/throughput.ts with Datadog's tracer on, compared with a bare queue and worker without tracing.
 *
 *     node bench/traced.ts [episodes] [concurrency]
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startFakeDatadog } from '../test/support/fake-datadog/index.ts';
import { asFactor, markdownTable } from './table.ts';

interface Rates {
  readonly figure: string;
  readonly ours: number;
  readonly bare: number;
}

const GOAL = 0.45;
const THROUGHPUT = fileURLToPath(new URL('./throughput.ts', import.meta.url));
const TRACER = fileURLToPath(new URL('./start-tracer.ts', import.meta.url));
const run = promisify(execFile);

async function rates(before: readonly string[], environment: Record<string, string>): Promise<Rates[]> {
  const args = [...before, THROUGHPUT, ...process.argv.slice(2), '--rates'];
  const { stdout } = await run(process.execPath, args, { env: { ...process.env, ...environment } });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '[]');
}

const agent = await startFakeDatadog();
const untraced = await rates([], {});
const traced = await rates(['--import', TRACER], { DD_TRACE_AGENT_URL: agent.url });
await agent.close();

console.log(
  markdownTable(
    traced.map(({ figure, ours }, place) => {
      const { ours: off = 0, bare = 0 } = untraced[place] ?? {};
      return {
        figure,
        measured: `traced ${ours.toFixed(0)}/s = ${asFactor(ours / bare)} (untraced ${off.toFixed(0)}/s = ${asFactor(off / bare)}; bare ${bare.toFixed(0)}/s)`,
        goal: `≥ ${GOAL}`,
        reached: ours / bare >= GOAL,
      };
    }),
  ),
);
