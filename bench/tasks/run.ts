import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recall } from '../../src/agents/hooks/recall.ts';
import type { Config } from '../../src/config.ts';
import { openServices } from '../../src/memory/services.ts';
import { MemoryManager } from '../../src/memory.ts';
import { MINUTE } from '../../src/time.ts';
import { startWorkers } from '../../workers/main.ts';
import { attempt, CapReachedError, type Model } from './agent.ts';
import { bears, isRight, linesOf } from './score.ts';
import { seed } from './seed.ts';
import { TASKS, type Task } from './tasks.ts';

export interface TaskResult {
  readonly task: Task;
  /** What the memory gave a new session with this prompt. */
  readonly memory: string;
  readonly given: number;
  readonly bearing: number;
  readonly with: Outcome;
  readonly without: Outcome;
}

interface Outcome {
  readonly isRight: boolean;
  readonly tokens: number;
  readonly answer: string;
}

/** What a new session of an agent with hooks is given for each task, from a memory of the whole history. */
export async function memories(base: Config): Promise<ReadonlyMap<Task, string>> {
  const home = mkdtempSync(join(tmpdir(), 'memory-tasks-'));
  const group = `tasks-${randomUUID().slice(0, 8)}`;
  const config: Config = {
    ...{ ...base, home, group, nightly: undefined, exportDir: join(home, 'exports'), logLevel: 'silent' },
    health: { host: '127.0.0.1', port: 0 },
  };
  const workers = await startWorkers(config, ['store']);
  const memory = new MemoryManager(config);
  const services = openServices(config, {});
  try {
    await seed(memory, group);
    const given = new Map<Task, string>();
    for (const task of TASKS) {
      const scope = { group, by: 'option' as const, userGroup: `${group}-user` };
      const { context } = await recall(services, scope, {
        ...{ question: task.prompt, begins: true, known: new Set(), own: new Set(), limit: MINUTE },
        notice: (sentence) => console.error(`  ${sentence}`),
      });
      given.set(task, context ?? '');
    }
    return given;
  } finally {
    await services.close();
    await memory.close();
    await workers.close();
    rmSync(home, { recursive: true, force: true });
  }
}

/** Every task once with what the memory gave and once without; ends early where the cap is reached. */
export async function attemptAll(model: Model, given: ReadonlyMap<Task, string>): Promise<TaskResult[]> {
  const results: TaskResult[] = [];
  for (const [task, memory] of given) {
    const outcome = async (context: string): Promise<Outcome> => {
      const { answer, tokens } = await attempt(model, task.prompt, context);
      return { answer, tokens, isRight: isRight(task, answer) };
    };
    const lines = linesOf(memory);
    try {
      results.push({
        ...{ task, memory, given: lines.length, bearing: lines.filter((line) => bears(task, line)).length },
        with: await outcome(memory),
        without: await outcome(''),
      });
    } catch (error) {
      if (!(error instanceof CapReachedError)) throw error;
      console.error(error.message);
      break;
    }
  }
  return results;
}
