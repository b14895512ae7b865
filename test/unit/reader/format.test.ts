import { describe, expect, test } from 'vitest';
import { bulletList } from '../../../src/reader/format.ts';
import type { FoundFact, FoundItems } from '../../../src/search/results.ts';
import { commandsIn, HOSTILE } from '../../support/hostile-texts.ts';

const fact = (change: Partial<FoundFact> = {}): FoundFact => ({
  uuid: 'f',
  fact: 'Harbor uses Redis',
  relation: 'USES',
  source: 'Harbor',
  sourceUuid: 'h',
  target: 'Redis',
  targetUuid: 'r',
  episodes: [],
  validAt: '2025-01-01T00:00:00+00:00',
  invalidAt: null,
  createdAt: '2025-01-01T00:00:00+00:00',
  expiredAt: null,
  score: 1,
  ...change,
});
const episode = (excerpt: string, score = 1) => ({
  uuid: 'e',
  name: 'episode_1',
  content: `Before. ${excerpt} After.`,
  excerpt,
  score,
  sourceDescription: 'opencode',
  referenceTime: '2025-02-01T00:00:00+00:00',
  createdAt: '2025-02-01T00:00:00+00:00',
});
const list = (found: Partial<FoundItems>) => bulletList({ facts: [], episodes: [], ...found });

describe('the bullet list', () => {
  test.each<[string, Partial<FoundFact>, string]>([
    ['that holds', {}, '- Harbor uses Redis (since 2025-01-01)'],
    ['that held', { invalidAt: '2025-03-01T00:00:00+00:00' }, '- Harbor uses Redis (2025-01-01 to 2025-03-01)'],
    ['without a beginning', { validAt: null }, '- Harbor uses Redis'],
    ['with only a known end', { validAt: null, invalidAt: '2025-03-01' }, '- Harbor uses Redis (until 2025-03-01)'],
    ['that does not mention an end', { fact: 'It uses Redis' }, '- It uses Redis (Harbor; since 2025-01-01)'],
    ['of many lines', { fact: 'Harbor\nuses\r\n- Redis' }, '- Harbor uses - Redis (since 2025-01-01)'],
  ])('shows a fact %s on one line', (_, change, bullet) => {
    expect(list({ facts: [fact(change)] })).toBe(bullet);
  });

  test.each(HOSTILE)('shows each stored text as one harmless line: %j', (text) => {
    const entity = { uuid: 'u', name: text, type: 'Entity', labels: [], summary: text, attributes: {}, score: 1 };
    const found = {
      facts: [fact({ fact: text }), fact({ source: text, target: text })],
      episodes: [episode(text)],
      entities: [{ ...entity, createdAt: null }],
      communities: [{ uuid: 'c', name: text, summary: text, score: 1 }],
    } as unknown as Partial<FoundItems>;

    const bullets = list(found);

    expect(commandsIn(text).length + text.split('\n').length).toBeGreaterThan(1);
    expect(commandsIn(bullets)).toEqual([]);
    expect(bullets.split('\n')).toHaveLength(5);
  });

  test.each(HOSTILE)('lets no stored text start a bullet of its own: %j', (text) => {
    const passage = { uuid: 'p', excerpt: text, kind: 'code', referenceTime: '2025-01-01T00:00:00+00:00', score: 1 };

    const bullets = list({ passages: [passage] } as unknown as Partial<FoundItems>);

    expect(commandsIn(bullets)).toEqual([]);
    expect(bullets.split('\n').filter((line) => !line.startsWith('  '))).toHaveLength(1);
  });

  test('leaves code unchanged', () => {
    const text = 'It takes Array<string>, a<b, x -> y and <div class="a"> & &lt;br&gt;';

    expect(list({ episodes: [episode(text)] })).toBe(`- ${text} (said 2025-02-01)`);
  });

  test('lists facts and episodes in the order of their scores', () => {
    const found = { facts: [fact({ score: 3 }), fact({ score: 1 })], episodes: [episode('One.', 2)] };

    expect(list(found).split('\n')).toEqual([
      '- Harbor uses Redis (since 2025-01-01)',
      '- One. (said 2025-02-01)',
      '- Harbor uses Redis (since 2025-01-01)',
    ]);
  });

  test('shows entities with their types and summaries, and communities with theirs', () => {
    const entity = {
      uuid: 'h',
      name: 'Harbor',
      type: 'Project',
      labels: [],
      summary: 'Keeps\nsessions.',
      createdAt: null,
    };
    const found = {
      entities: [
        { ...entity, score: 3 },
        { ...entity, type: 'Entity', summary: '', score: 1 },
      ],
      communities: [{ uuid: 'c', name: 'Storage', summary: 'Redis and others.', createdAt: null, score: 2 }],
    };

    expect(list(found).split('\n')).toEqual([
      '- Harbor (Project): Keeps sessions.',
      '- Storage: Redis and others.',
      '- Harbor',
    ]);
  });

  test('shows long texts shortened, each on one line', () => {
    const line = list({ episodes: [episode('🚀\n'.repeat(100_000))] });

    expect(line.length).toBeLessThan(450);
    expect(line).toMatch(/^- (?:🚀 )+🚀?… \(said 2025-02-01\)$/u);
  });

  test('of a truncated list says how much is left out and where to find all of it', () => {
    const passage = {
      ...{ uuid: 'p', excerpt: '1. one\n2. two', kind: 'procedure', referenceTime: '2025-01-01', score: 1, omitted: 7 },
      episode: { uuid: 'e', name: 'episode_1', referenceTime: '2025-01-01' },
    };

    expect(list({ passages: [passage] } as unknown as Partial<FoundItems>)).toBe(
      '- 1. one\n  2. two\n  … (7 more steps; `memory-manager episode episode_1` shows all) (said 2025-01-01)',
    );
  });

  test('says so when there is nothing', () => expect(list({})).toBe('Nothing relevant is known.'));
});
