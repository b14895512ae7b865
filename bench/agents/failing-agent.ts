import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { agentProgram } from '../../scripts/agent-hosts.mjs';
import { scopeOf } from '../../src/agents/scope.ts';
import { SECOND } from '../../src/time.ts';
import type { AgentKind } from '../../test/support/hosts/coding-agent.ts';
import { makeAgentFolders } from '../../test/support/hosts/place.ts';
import { type Host, makeOpencodeFolders, newSession, sendPrompt, startHost } from '../../test/support/opencode/host.ts';
import { startStubModel } from '../../test/support/opencode/stub-model.ts';
import { answerOf, questionOf } from './turn-texts.ts';

const run = promisify(execFile);

export interface TurnOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** A session's name here, or a new one. */
  readonly session: string;
  /** Milliseconds from the model's answer to a SIGKILL of the program; `end` kills it when it reports the end of the turn. */
  readonly killAfterMs?: number | 'end';
}

/** A real agent whose turns are numbered, so that each can be found in the memory. */
export interface FailingAgent {
  readonly name: string;
  /** The group of the project's memory. */
  readonly group: string;
  /** One turn, up to its end or the kill. */
  turn(id: string, options: TurnOptions): Promise<void>;
  /** The turns whose answer is in the agent's own records. */
  finished(ids: readonly string[]): Promise<readonly string[]>;
  /** Makes the records of its sessions older. */
  age(milliseconds: number): void;
  close(): Promise<void>;
}

/** The stub model's answers: sets the turn that comes next, with a promise of its answer. */
function startAnswers() {
  let [id, note] = ['', () => {}];
  return {
    next(turn: string): Promise<void> {
      id = turn;
      return new Promise((resolve) => {
        note = resolve;
      });
    },
    reply() {
      setImmediate(note);
      return { text: answerOf(id) };
    },
  };
}

/** Claude Code or Codex: one process a turn, with the hooks that `install` writes. */
export async function openHookedAgent(
  name: string,
  kind: AgentKind,
  main: string,
  environment: Readonly<Record<string, string>>,
): Promise<FailingAgent> {
  const place = await makeAgentFolders();
  const answers = startAnswers();
  const model = await kind.startModel(answers.reply);
  await kind.prepare(place, model.url);
  const own = { ...environment, HOME: place.home };
  await run(process.execPath, [main, 'install', kind.name, '--yes'], { env: own, cwd: place.project });
  const sessions = new Map<string, string>();
  const transcripts = () =>
    readdirSync(place.home, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.jsonl') && /sessions|projects/.test(path))
      .map((path) => join(place.home, path));
  return {
    name,
    group: scopeOf({ directory: place.project, environment: {} }).group,
    async turn(id, { environment: meanwhile, session, killAfterMs }) {
      const answered = answers.next(id);
      const child = spawn(agentProgram(kind.name) ?? '', kind.turn(questionOf(id), sessions.get(session), []), {
        cwd: place.project,
        env: { ...own, ...kind.environment(place, model.url), ...meanwhile },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let output = '';
      const ended = once(child, killAfterMs === undefined ? 'close' : 'exit');
      child.stdout.setEncoding('utf8');
      const answerPrinted = new Promise<void>((resolve) =>
        child.stdout.on('data', (text: string) => {
          output += text;
          if (output.includes(answerOf(id))) resolve();
        }),
      );
      if (killAfterMs !== undefined) {
        await Promise.race([killAfterMs === 'end' ? answerPrinted : answered.then(() => pause(killAfterMs)), ended]);
        child.kill('SIGKILL');
      }
      await ended;
      const started = kind.sessionOf(output);
      if (session !== 'new' && started !== undefined) sessions.set(session, started);
    },
    age: (milliseconds) => makeOlder([...transcripts(), ...notesIn(environment.MEMORY_HOME ?? '')], milliseconds),
    async finished(ids) {
      const lines = transcripts().flatMap((path) => readFileSync(path, 'utf8').split('\n'));
      const answerLines = lines.filter((line) => line.includes('"role":"assistant"'));
      return ids.filter((id) => answerLines.some((line) => line.includes(answerOf(id))));
    },
    async close() {
      await model.close();
      await place.remove();
    },
  };
}

/** The files in which hooks record open turns. */
const notesIn = (home: string): string[] =>
  readdirSync(join(home, 'hooks'))
    .filter((name) => name.endsWith('.work'))
    .map((name) => join(home, 'hooks', name));

function makeOlder(paths: readonly string[], milliseconds: number): void {
  const then = (Date.now() - milliseconds) / SECOND;
  for (const path of paths) utimesSync(path, then, then);
}

/** opencode with the plugin: one process until it is killed or its environment changes. */
export async function openOpencode(
  plugin: string,
  environment: Readonly<Record<string, string>>,
): Promise<FailingAgent> {
  const place = await makeOpencodeFolders();
  const answers = startAnswers();
  const model = await startStubModel(answers.reply);
  const sessions = new Map<string, string>();
  let running: { readonly host: Host; readonly settings: string } | undefined;

  async function hostWith(meanwhile: Readonly<Record<string, string>>): Promise<Host> {
    const settings = JSON.stringify(meanwhile);
    if (running?.settings === settings) return running.host;
    await running?.host.stop();
    const own = { ...environment, ...meanwhile };
    running = { host: await startHost(model.url, { place, environment: own, config: { plugin: [plugin] } }), settings };
    return running.host;
  }

  return {
    name: 'opencode',
    group: scopeOf({ directory: place.project, environment: {} }).group,
    async turn(id, { environment: meanwhile, session, killAfterMs }) {
      const host = await hostWith(meanwhile);
      const own = sessions.get(session) ?? (await newSession(host));
      if (session !== 'new') sessions.set(session, own);
      const answered = answers.next(id);
      const end = sendPrompt(host, own, questionOf(id));
      if (killAfterMs === undefined) return end;
      const isOver = end.catch(() => undefined);
      await Promise.race([killAfterMs === 'end' ? isOver : answered.then(() => pause(killAfterMs)), isOver]);
      await host.stop('SIGKILL');
      running = undefined;
      await isOver;
    },
    // The plugin stores a turn only while the program runs, so older records change nothing.
    age: () => undefined,
    async finished(ids) {
      const { client } = await hostWith({});
      const { data: all = [] } = await client.session.list({});
      const messages = await Promise.all(all.map(({ id }) => client.session.messages({ path: { id } })));
      const texts = messages
        .flatMap(({ data = [] }) => data)
        .filter(({ info }) => info.role === 'assistant' && info.time.completed !== undefined)
        .flatMap(({ parts }) => parts.map((part) => ('text' in part ? part.text : '')));
      return ids.filter((id) => texts.some((text) => text?.includes(answerOf(id))));
    },
    async close() {
      await running?.host.stop('SIGKILL');
      await model.close();
      await place.remove();
    },
  };
}
