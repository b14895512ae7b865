import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecallRequest } from '../../src/agents/hooks/ask-recall.ts';
import { recallForHook } from '../../src/agents/hooks/recall.ts';
import type { Config } from '../../src/config.ts';
import { openServices } from '../../src/memory/services.ts';
import { MemoryManager } from '../../src/memory.ts';
import { MINUTE } from '../../src/time.ts';
import { startWorkers } from '../../workers/main.ts';
import { attemptTask, CapReachedError, type Model, openBudget } from './agent.ts';
import { isRightAnswer } from './score.ts';
import { storeHistory } from './seed.ts';
import { startStub } from './stub.ts';
import { TASKS, type Task } from './tasks.ts';

/** The memory's context for a new session on a task. */
export interface GivenContext {
  /** With the first message: the briefing for its words and the recall. */
  readonly atOnce: string;
  /** A briefing before the first message, and the recall with the first message. */
  readonly inTwoSteps: string;
}

export interface TaskResult extends GivenContext {
  readonly task: Task;
  readonly with: Outcome;
  readonly without: Outcome;
}

interface Outcome {
  readonly isRight: boolean;
  readonly tokens: number;
  readonly answer: string;
}

/** The context of a new session for each task, from a memory of the whole history. */
export async function buildContexts(base: Config): Promise<ReadonlyMap<Task, GivenContext>> {
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
    await storeHistory(memory, group);
    const scope = { group, by: 'option' as const, needsJoining: false, userGroup: `${group}-user` };
    const ask = async (question: string, begins: boolean, known: Iterable<string> = []) => {
      const asked: RecallRequest = {
        ...{ event: 'UserPromptSubmit', host: 'bench', input: { session: 'bench', prompt: question } },
        ...{ scope, begins, known: [...known], own: [] },
      };
      const recalled = await recallForHook(services, asked, MINUTE);
      for (const problem of recalled.problems) console.error(`  ${problem}`);
      return recalled;
    };
    const start = await ask('', true);
    const given = new Map<Task, GivenContext>();
    for (const task of TASKS) {
      const { context: atOnce = '' } = await ask(task.prompt, true);
      const { context: then = '' } = await ask(task.prompt, false, start.sentences);
      given.set(task, { atOnce, inTwoSteps: `${start.context}\n${then}` });
    }
    return given;
  } finally {
    await services.close();
    await memory.close();
    await workers.close();
    rmSync(home, { recursive: true, force: true });
  }
}

/** Runs every task once with the memory's context and once without. Stops early at the cap. */
export async function attemptAll(model: Model, given: ReadonlyMap<Task, GivenContext>): Promise<TaskResult[]> {
  const results: TaskResult[] = [];
  for (const [task, memory] of given) {
    const outcome = async (context: string): Promise<Outcome> => {
      const { answer, tokens } = await attemptTask(model, task.prompt, context);
      return { answer, tokens, isRight: isRightAnswer(task, answer) };
    };
    try {
      results.push({ task, ...memory, with: await outcome(memory.atOnce), without: await outcome('') });
    } catch (error) {
      if (!(error instanceof CapReachedError)) throw error;
      console.error(error.message);
      break;
    }
  }
  return results;
}

/** The same against the scripted model, which costs nothing. */
export async function attemptScripted(given: ReadonlyMap<Task, GivenContext>): Promise<TaskResult[]> {
  const stub = await startStub();
  try {
    const budget = openBudget(Number.POSITIVE_INFINITY, { input: 0, output: 0 });
    return await attemptAll({ baseURL: stub.baseURL, apiKey: 'none', model: 'stub', budget }, given);
  } finally {
    await stub.close();
  }
}
