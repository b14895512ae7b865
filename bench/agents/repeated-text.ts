import { startTranscript } from '../../test/support/claude-transcript.ts';
import { makeOpencodeFolders, newSession, sendPrompt, startHost } from '../../test/support/opencode/host.ts';
import { shownTo, startStubModel } from '../../test/support/opencode/stub-model.ts';
import { startRollout } from '../../test/support/past-sessions/codex-rollout.ts';

export interface RepeatedTextOptions {
  readonly count: number;
  readonly folder: string;
  /** The sentence that is recalled and repeated. */
  readonly fact: string;
  /** Stores the fact in the memory that agents in this folder use, and gives the name of that memory. */
  readonly remember: (directory: string) => Promise<string>;
  /** Calls a hook, up to the end of its process. @returns what it prints */
  readonly hook: (host: string, event: string, input: object) => Promise<string>;
  /** The contents of a memory's episodes once that many of them contain the text. */
  readonly contents: (group: string, text: string, count: number) => Promise<readonly string[]>;
  readonly plugin: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly row: (figure: string, measured: string, goal: string, reached: boolean) => void;
}

/** The question names the agent, because agents with hooks share one memory here. */
const question = (agent: string, turn: number) => `What about boat ${turn} of ${agent}?`;
const news = (turn: number) => `Boat ${turn} is noted.`;

/** Turns in which an agent with hooks repeats the recalled sentence, in one session. */
export async function repeatedInHooks(host: 'claude-code' | 'codex', options: RepeatedTextOptions): Promise<void> {
  const { count, folder, fact, remember, hook } = options;
  const group = await remember(folder);
  const session = `repeated-${host}`;
  const { path, turn } = host === 'codex' ? codexSession(folder, session) : claudeSession(folder, session);
  const input = { session_id: session, transcript_path: path, source: 'startup' };
  let recalled = '';
  for (let attempt = 0; attempt < 50 && !recalled.includes(fact); attempt += 1)
    recalled = await hook(host, 'SessionStart', input);
  if (!recalled.includes(fact)) throw new Error('No session was told the fact.');
  for (let index = 0; index < count; index += 1) turn(question(host, index), `${fact} ${news(index)}`);
  await hook(host, 'Stop', input);
  await report(host, host === 'codex' ? 'Codex, hooks' : 'Claude Code, hooks', group, options);
}

function claudeSession(folder: string, session: string) {
  const path = `${folder}/${session}.jsonl`;
  const transcript = startTranscript(path, session);
  return {
    path,
    turn(user: string, assistant: string): void {
      transcript.user(user);
      transcript.says(assistant);
    },
  };
}

const codexSession = (folder: string, session: string) => startRollout(folder, session, folder);

const TURNS_OF_A_SESSION = 50;

/** The same in the real opencode, in sessions of fifty turns, each of which starts with the briefing. */
export async function repeatedInOpencode(options: RepeatedTextOptions): Promise<void> {
  const { count, fact, remember, plugin, environment } = options;
  const place = await makeOpencodeFolders();
  let [current, sessions] = [0, 0];
  // The model repeats the fact only if the request contains it: on a busy machine a recall may miss a session's first messages.
  const model = await startStubModel((request) => ({
    text: shownTo(request).includes(fact) ? `${fact} ${news(current)}` : news(current),
  }));
  const group = await remember(place.project);
  const host = await startHost(model.url, { place, environment, config: { plugin: [plugin] } });
  try {
    let session = '';
    for (let index = 0; index < count; index += 1) {
      if (index % TURNS_OF_A_SESSION === 0) session = await newSession(host);
      current = index;
      const requestsBefore = model.requests.length;
      await sendPrompt(host, session, question('opencode', index));
      const first = model.requests[requestsBefore];
      if (index % TURNS_OF_A_SESSION === 0 && first && shownTo(first).includes(fact)) sessions += 1;
    }
    const all = Math.ceil(count / TURNS_OF_A_SESSION);
    await report('opencode', `opencode, ${sessions} of ${all} sessions started with the briefing`, group, options);
  } finally {
    await host.stop('SIGKILL');
    await model.close();
    await place.remove();
  }
}

async function report(agent: string, name: string, group: string, { count, fact, contents, row }: RepeatedTextOptions) {
  const isQuestion = (text: string) => text.includes('What about boat') && text.includes(` of ${agent}?`);
  const turns = (await contents(group, ` of ${agent}?`, count)).filter(isQuestion);
  const learnt = turns.filter((text) => text.includes(fact)).length;
  const kept = turns.filter((text) => /Boat \d+ is noted\./.test(text)).length;
  row(
    `recalled text learnt again in ${count} turns (${name})`,
    `${learnt}; ${kept} turns stored with the agent's own words`,
    `0; ${count}`,
    learnt === 0 && kept === count,
  );
}
