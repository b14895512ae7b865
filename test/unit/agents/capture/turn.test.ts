import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { spoolTurn } from '../../../../src/agents/capture/store-turn.ts';
import { summaryEpisode, type Turn, turnEpisode } from '../../../../src/agents/capture/turn.ts';
import { readSpooled } from '../../../../src/queue/spool/spool.ts';
import {
  RECALL_BEGIN,
  RECALL_END,
  recalledSentences,
  withoutRecalledSentences,
  withoutRecallMarks,
} from '../../../../src/redaction/recall-marks.ts';
import { plantedSecrets } from '../../../support/secrets.ts';

const home = mkdtempSync(join(tmpdir(), 'memory-turn-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const turn = (more: Partial<Turn> = {}): Turn => ({
  host: 'opencode',
  session: 'ses_1',
  message: 'msg_1',
  user: 'Which store do we use?',
  assistant: 'Harbor uses Redis.',
  tools: [],
  files: [],
  status: 'completed',
  referenceTime: new Date('2026-11-22T08:30:00Z'),
  ...more,
});
const words = (count: number, word: string) => Array.from({ length: count }, (_, at) => `${word}${at}`).join(' ');
const tool = (input: string, output: string) => ({ tool: 'bash', status: 'completed' as const, input, output });

describe('the episode of a compaction summary', () => {
  const summary = (text: string, said: string[] = []) =>
    summaryEpisode({
      host: 'opencode',
      session: 'ses_1',
      message: 'msg_9',
      text,
      userTexts: said,
      referenceTime: new Date(0),
    });

  test("is not a turn, so no part of it counts as the user's words", () => {
    const { metadata, key, saga } = summary('user: Always use npm.');

    expect(metadata).toEqual({ kind: 'summary', host: 'opencode', session: 'ses_1', message: 'msg_9' });
    expect([key, saga]).toEqual(['ses_1/msg_9', 'ses_1']);
  });

  test('contains no secrets, neither its own nor those in earlier user messages', () => {
    const said = ['<private>Mira earns 90k a year</private>', 'password=hunter22', '<private>never closed'];

    expect(
      summary('Mira earns 90k a year. It is hunter22. The key is sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2m3N4.', said).content,
    ).toMatch(/^\[redacted:repeated\]\. It is \[redacted:repeated\]\. The key is \[redacted:[^\]]+\]\.$/);
  });

  test('contains nothing that the memory supplied', () => {
    expect(summary(`We go on.${RECALL_BEGIN}\nHarbor uses Redis.\n${RECALL_END}`).content).toBe('We go on.');
  });
});

describe('the episode of a turn', () => {
  test('is a dialogue, with tools and files listed separately', () => {
    const episode = turnEpisode(
      turn({ tools: [tool('ls', 'a.ts')], files: ['src/a.ts'], model: 'gpt', tokens: { input: 10, output: 2 } }),
    );

    expect(episode).toEqual({
      content: 'user: Which store do we use?\nassistant: Harbor uses Redis.',
      key: 'ses_1/msg_1',
      saga: 'ses_1',
      referenceTime: new Date('2026-11-22T08:30:00Z'),
      metadata: {
        kind: 'turn',
        host: 'opencode',
        session: 'ses_1',
        message: 'msg_1',
        status: 'completed',
        model: 'gpt',
        tokens: { input: 10, output: 2 },
        files: ['src/a.ts'],
        tools: [{ tool: 'bash', status: 'completed', input: 'ls', output: 'a.ts' }],
      },
    });
  });

  test('keeps the start and the end of a long answer', () => {
    const { content } = turnEpisode(turn({ assistant: `I begin. ${words(200_000, 'w')} The tests pass at last.` }));

    expect(content).toMatch(/^user: [^\n]+\nassistant: I begin\. w0 /);
    expect(content).toMatch(/\n…\n[\s\S]* The tests pass at last\.$/);
    expect(content.length).toBeLessThan(24_100);
  });

  test('keeps the first and the last of many tool calls', () => {
    const tools = Array.from({ length: 300 }, (_, at) => tool(`step ${at}`, 'ok'));
    const kept = turnEpisode(turn({ tools })).metadata.tools as { input: string }[];

    expect(kept).toHaveLength(40);
    expect([kept[0]?.input, kept.at(-1)?.input]).toEqual(['step 0', 'step 299']);
  });

  test('has no terminal colours and no unpaired memory markers', () => {
    const said = 'one \u001b[31mred\u001b[0m </recalled-memory> two\u0000 &lt;/recalled-memory&gt; three';

    expect(turnEpisode(turn({ user: said, assistant: '' })).content).toBe('user: one red  two  three');
  });

  test('truncates long tool outputs and never leaves half a secret at the cut', () => {
    const secret = `ghp_${'a1'.repeat(18)}`;
    const outputs = Array.from(
      { length: 100 },
      (_, index) => `${'x '.repeat(2 * index)}${secret}${' y'.repeat(50_000)}`,
    );
    const { metadata } = turnEpisode(turn({ tools: outputs.map((output) => tool('cat', output)) }));

    expect(JSON.stringify(metadata).length).toBeLessThan(60_000);
    expect(JSON.stringify(metadata)).not.toContain(secret.slice(0, 12));
  });

  test('is hidden from an opened private span onwards, whichever part opened the span', () => {
    const { content, metadata } = turnEpisode(
      turn({
        user: 'Look: <private>here',
        tools: [tool('cat salary', 'Mira earns 5,000')],
        assistant: 'Mira earns 5,000.',
      }),
    );

    expect(content + JSON.stringify(metadata)).not.toMatch(/Mira|here|salary/);
  });

  test('redacts a secret that another part reveals', () => {
    const { content, metadata } = turnEpisode(
      turn({
        user: 'Remember <private>the launch is on May 4</private>',
        tools: [tool('cat .env', 'DB_PASSWORD=hunter2x')],
        assistant: 'It is hunter2x, and the launch is on May 4.',
      }),
    );

    expect(content + JSON.stringify(metadata)).not.toMatch(/hunter2x|May 4/);
  });

  test('contains nothing that was recalled', () => {
    const recalled = `${RECALL_BEGIN}\n- Harbor uses Redis.\n${RECALL_END}`;

    expect(turnEpisode(turn({ user: `${recalled}Hello`, assistant: `Hi ${RECALL_BEGIN} Harbor` })).content).toBe(
      'user: Hello\nassistant: Hi',
    );
  });
});

describe('recalled text', () => {
  const answer =
    '- Harbor uses Redis since May (since 2025-05-01)\n- Tide costs 12,500.00 a month. (Tide, Money)\n- ok';
  const sentences = recalledSentences(answer);

  test('is recognised by its sentences', () => {
    expect(sentences).toEqual(['Harbor uses Redis since May', 'Tide costs 12,500.00 a month']);
  });

  test.each([
    ['a whole line', 'First.\n- Harbor uses Redis since May (since 2025-05-01)\nLast.', 'First.\nLast.'],
    ['another writing', '**harbor** uses\nRedis since  may', ''],
    ['within a line', 'I recall: Harbor uses Redis since May. So I chose it.', 'I recall: . So I chose it.'],
    ['nothing of it', 'Harbor uses Valkey.', 'Harbor uses Valkey.'],
  ])('is removed where the agent repeats it: %s', (_, said, left) => {
    expect(withoutRecalledSentences(said, sentences)).toBe(left);
  });

  test('is removed between markers of any form', () => {
    expect(withoutRecallMarks('a <RECALLED-MEMORY x="1">b</recalled-memory> c <recalled-memory>d')).toBe('a  c ');
  });
});

describe('a turn on disk', () => {
  test('is spooled in a private file that the next process can enqueue, with the same uuid each time', async () => {
    const first = spoolTurn(home, 'harbor', turn());
    const second = spoolTurn(home, 'harbor', turn());

    const folder = join(home, 'spool');
    const names = readdirSync(folder);
    expect(first?.uuid).toBe(second?.uuid);
    expect(new Set(names.map((name) => statSync(join(folder, name)).mode & 0o777))).toEqual(new Set([0o600]));
    const [spooled] = (await readSpooled(join(folder, names[0] ?? ''))) ?? [];
    expect(spooled).toMatchObject({
      hasCallerId: true,
      episode: { uuid: first?.uuid, group: 'harbor', saga: 'ses_1', source: 'message', sourceDescription: 'opencode' },
    });
  });

  test('is not written when all of it is private', () => {
    expect(spoolTurn(home, 'harbor', turn({ user: '', assistant: '' }))).toBeUndefined();
  });

  test('is rejected when the spool is full', () => {
    expect(() => spoolTurn(home, 'harbor', turn({ message: 'msg_2' }), 1)).toThrow('MEMORY_SPOOL_LIMIT');
  });

  test('contains none of two hundred secrets', () => {
    const hidden = plantedSecrets();
    const own = mkdtempSync(join(tmpdir(), 'memory-secrets-'));
    for (const [index, { text }] of hidden.entries()) {
      const parts = [{ user: text }, { assistant: text }, { tools: [tool(text, 'ok')] }, { tools: [tool('x', text)] }];
      spoolTurn(own, 'harbor', turn({ message: `msg_${index}`, ...parts[index % parts.length] }));
    }

    const folder = join(own, 'spool');
    const written = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('\n');
    expect(hidden.flatMap(({ secrets }) => secrets).filter((secret) => written.includes(secret))).toEqual([]);
    rmSync(own, { recursive: true });
  });
});
