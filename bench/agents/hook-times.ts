import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startTranscript } from '../../test/support/claude-transcript.ts';
import { asFactor, inMilliseconds } from '../table.ts';

const run = promisify(execFile);

interface HookTimesOptions {
  readonly count: number;
  /** For the transcript of the measured session. */
  readonly folder: string;
  /** Calls a hook, up to the end of its process. */
  readonly hook: (event: string, input: object) => Promise<unknown>;
  readonly row: (figure: string, measured: string, goal: string, reached: boolean) => void;
}

/** The time of hook processes compared with that of `node -e 0`. */
export async function measureHookTimes({ count, folder, hook, row }: HookTimesOptions): Promise<void> {
  const path = join(folder, 'timed.jsonl');
  const transcript = startTranscript(path, 'timed');
  const timed = async (work: () => Promise<unknown>) => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };
  const input = {
    session_id: 'timed',
    transcript_path: path,
    source: 'startup',
  };
  const measured: Record<string, number[]> = { node: [], Stop: [], UserPromptSubmit: [], SessionStart: [] };
  for (let call = -3; call < count; call += 1) {
    transcript.user(`Question ${call}`);
    transcript.says(`Answer ${call}.`);
    // The inputs are like those of agents: a prompt is a new question, and a new session has no transcript yet.
    const own: Record<string, object> = {
      UserPromptSubmit: { prompt: `Where does Harbor keep its sessions, in case ${call}?` },
      SessionStart: { session_id: `new ${call}`, transcript_path: join(folder, `new ${call}.jsonl`) },
    };
    for (const [name, list] of Object.entries(measured)) {
      const took = await timed(() =>
        name === 'node' ? run(process.execPath, ['-e', '0']) : hook(name, { ...input, session_id: name, ...own[name] }),
      );
      if (call >= 0) list.push(took);
    }
  }
  const at = (name: string, share: number) => {
    const sorted = [...(measured[name] ?? [])].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  };
  for (const name of ['Stop', 'UserPromptSubmit', 'SessionStart']) {
    const [p50, p95] = [at(name, 0.5) / at('node', 0.5), at(name, 0.95) / at('node', 0.95)];
    const isStart = name === 'SessionStart';
    row(
      `hook process ${name}, p50 / p95 beside \`node -e 0\``,
      `${asFactor(p50)} / ${asFactor(p95)} (${inMilliseconds(at(name, 0.5))} / ${inMilliseconds(at(name, 0.95))})`,
      isStart ? '≤ 100 ms' : '≤ 2 × / ≤ 3 ×',
      isStart ? at(name, 0.95) <= 100 : p50 <= 2 && p95 <= 3,
    );
  }
}
