import { describe, expect, test } from 'vitest';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import {
  dated,
  firstFactOf,
  sameFactVectorEmbedder,
  useScriptedIngest,
} from '../../support/graphiti/scripted-ingest.ts';

// Cases of graphiti_core's own tests, run in our pipeline; docs/graphiti.md names those that end differently. Where ours does something else the test
// says `ours`.

const tell = useScriptedIngest();

interface Shown {
  readonly fact: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly expired: boolean;
  readonly episodes: readonly string[];
}

async function facts(graph: GroupGraph): Promise<Shown[]> {
  return graph.read(
    `MATCH ()-[e:RELATES_TO]->()
     RETURN e.fact AS fact, left(e.valid_at, 7) AS from, left(e.invalid_at, 7) AS to, e.expired_at IS NOT NULL AS expired,
            e.episodes AS episodes
     ORDER BY fact`,
  );
}
const shown = async (graph: GroupGraph) =>
  (await facts(graph)).map(({ fact, from, to, expired }) => `${fact} ${from}–${to ?? ''}${expired ? ' expired' : ''}`);

const [OLD, NEW] = ['Alice likes Tea', 'Alice hates Tea'];
const always = { contradicts: () => true };

describe('a fact that contradicts a known one', () => {
  test('and is later ends that fact', async () => {
    const { graph } = await tell([dated(OLD, '2024-01'), dated(NEW, '2024-02')], always);

    expect(await shown(graph)).toEqual([`${NEW} 2024-02–`, `${OLD} 2024-01–2024-02 expired`]);
  });

  test('and is earlier is ended by that fact', async () => {
    const { graph } = await tell([dated(OLD, '2024-02'), dated(NEW, '2024-01')], always);

    expect(await shown(graph)).toEqual([`${NEW} 2024-01–2024-02 expired`, `${OLD} 2024-02–`]);
  });

  test('that had already ended changes nothing', async () => {
    const { graph } = await tell([dated(OLD, '2023-01', '2024-01'), dated(NEW, '2024-02')], always);

    expect(await shown(graph)).toEqual([`${NEW} 2024-02–`, `${OLD} 2023-01–2024-01 expired`]);
  });

  test('that ended later moves its end to an earlier date, and keeps the time the end was learned', async () => {
    const learnt: unknown[] = [];
    const after = async (graph: GroupGraph) =>
      learnt.push(...(await graph.read(`MATCH ()-[e {fact: $fact}]->() RETURN e.expired_at AS at`, { fact: OLD })));
    const told = [dated(OLD, '2023-01', '2024-06'), dated(NEW, '2024-02')].map((it) => ({ ...it, at: '2024-07' }));

    const { graph } = await tell(told, always, { after });

    expect(await shown(graph)).toEqual([`${NEW} 2024-02–`, `${OLD} 2023-01–2024-02 expired`]);
    expect(learnt).toEqual([{ at: expect.stringMatching(/^2/) }, learnt[0]]);
  });

  test('of the same time leaves both current', async () => {
    const { graph } = await tell([dated(OLD, '2024-01'), dated(NEW, '2024-01')], always);

    expect(await shown(graph)).toEqual([`${NEW} 2024-01–`, `${OLD} 2024-01–`]);
  });

  test('ours: without dates counts from its episode, so that the known fact ends too', async () => {
    const told = (text: string, at: string) => ({ ...dated(text), at });

    const { graph } = await tell([told(OLD, '2024-01'), told(NEW, '2024-02')], always);

    expect(await shown(graph)).toEqual([`${NEW} 2024-02–`, `${OLD} 2024-01–2024-02 expired`]);
  });

  test('ours: without a shared entity is not shown to the model', async () => {
    const told = [dated('Bob likes Coffee', '2024-01'), dated(NEW, '2024-02')];

    const { graph, asked } = await tell(told, always, { embedder: sameFactVectorEmbedder });

    expect(asked.flatMap((call) => call.facts)).toEqual([]);
    expect(await shown(graph)).toEqual([`${NEW} 2024-02–`, 'Bob likes Coffee 2024-01–']);
  });

  test('ours: that could share an entity but does not leaves the known fact unchanged', async () => {
    const { graph, asked } = await tell([dated('Bob likes Coffee', '2024-01'), dated(NEW, '2024-02')], always);

    expect(asked).toEqual([{ entities: ['Alice', 'Tea'], facts: [NEW] }]);
    expect(await shown(graph)).toEqual([`${NEW} 2024-02–`, 'Bob likes Coffee 2024-01–']);
  });
});

describe('a fact that repeats a known one', () => {
  test('in the same words adds an episode, without a model call', async () => {
    const again = {
      ...dated('Alice likes Tea', '2024-02'),
      facts: [{ ...firstFactOf(dated(OLD, '2024-02')), fact: ' alice LIKES  tea ' }],
    };

    const { graph, uuids, asked } = await tell([dated(OLD, '2024-01'), again]);

    expect(await facts(graph)).toEqual([{ fact: OLD, from: '2024-01', to: null, expired: false, episodes: uuids }]);
    expect(asked).toEqual([]);
  });

  test('in other words adds an episode if the model recognizes it', async () => {
    const { graph, uuids } = await tell([dated(OLD, '2024-01'), dated('Alice enjoys Tea', '2024-02')], {
      repeats: () => true,
    });

    expect(await facts(graph)).toEqual([{ fact: OLD, from: '2024-01', to: null, expired: false, episodes: uuids }]);
  });

  test('ours: with an end ends the known fact', async () => {
    const { graph } = await tell([dated(OLD, '2024-01'), { ...dated(OLD, '2024-01', '2024-03'), at: '2024-04' }]);

    expect(await shown(graph)).toEqual([`${OLD} 2024-01–2024-03 expired`]);
  });

  test('ours: with an earlier start moves the start back', async () => {
    const { graph } = await tell([dated(OLD, '2024-02'), dated(OLD, '2024-01')]);

    expect(await shown(graph)).toEqual([`${OLD} 2024-01–`]);
  });
});
