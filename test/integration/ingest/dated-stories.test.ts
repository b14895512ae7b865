import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Extraction } from '../../../src/models/language-model.ts';
import { randomNumbers } from '../../support/random.ts';
import { day, useScriptedMemories } from '../../support/scripted-memory.ts';
import { useStores } from '../../support/stores.ts';

const openMemory = useScriptedMemories(useStores());
const TARGETS = ['Redis', 'Valkey', 'Dragonfly'];
const random = randomNumbers(3);
const below = (count: number) => Math.floor(random() * count);

/** What an episode says: of which target, from when to when, or when that ended. */
interface Said {
  readonly target: string;
  readonly from?: number;
  readonly to?: number;
  readonly ended?: number;
}

/** Something that an episode of a day may say: undated, begun or ended before, ending later, over before, or no more. */
function anything(on: number): Said {
  const target = TARGETS[below(3)] ?? '';
  const from = Math.max(1, on - 7);
  const kinds: Said[] = [
    { target },
    { target, from: on - 1 },
    { target, to: on + 5 },
    { target, to: Math.max(1, on - 4) },
    { target, from, to: Math.max(from + 1, on - 2) },
    { target, ended: on },
    { target, ended: on + 4 },
  ];
  return kinds[below(kinds.length)] as Said;
}

function extractionOf(content: string): Extraction {
  const said: Said[] = JSON.parse(content);
  const date = (on: number | undefined) => (on === undefined ? null : day(on));
  return {
    entities: ['Harbor', ...TARGETS].map((name) => ({ name, type: 'Entity' })),
    facts: said.flatMap(({ target, from, to, ended }) =>
      ended === undefined
        ? [
            {
              source: 'Harbor',
              target,
              relation: 'USES',
              fact: `Harbor uses ${target}`,
              validAt: date(from),
              invalidAt: date(to),
            },
          ]
        : [],
    ),
    ended: said.flatMap(({ target, ended }) =>
      ended === undefined ? [] : [{ source: 'Harbor', target, at: day(ended) }],
    ),
  };
}

interface Told {
  readonly on: number;
  readonly uuid: string;
  readonly content: string;
}

async function memoryOf(batches: readonly (readonly Told[])[]) {
  const memory = openMemory({ single: ['USES'] });
  memory.model.extract = async ({ content }) => extractionOf(content);
  for (const batch of batches)
    await Promise.all(batch.map(({ on, content, uuid }) => memory.store(on, content, { uuid })));
  return memory;
}

/** What holds when, and when that was first said. */
async function toldBy({ facts, graph }: Awaited<ReturnType<typeof memoryOf>>) {
  const said = await graph.read(
    `MATCH ()-[e:RELATES_TO]->() RETURN e.fact AS fact, e.valid_at AS from, e.reference_time AS said
     ORDER BY from, fact, said`,
  );
  return { facts: await facts(), said };
}

test('the graph depends neither on the order of dated episodes nor on episodes removed again (random stories)', {
  timeout: 120_000,
}, async () => {
  for (let round = 0; round < 12; round += 1) {
    const story = Array.from({ length: 7 }, (_, index): Told => {
      const on = 2 + index * 3;
      const said = Array.from({ length: 1 + below(2) }, () => anything(on));
      return { on, uuid: randomUUID(), content: JSON.stringify(said) };
    });
    const mixed = [...story].sort(() => random() - 0.5);
    const unwanted = story[below(story.length)] as Told;

    const inOrder = await memoryOf(story.map((it) => [it]));
    const shuffled = await memoryOf(round % 2 ? mixed.map((it) => [it]) : [mixed.slice(0, 3), mixed.slice(3)]);
    const without = await memoryOf(story.filter((it) => it !== unwanted).map((it) => [it]));

    expect({ story, ...(await toldBy(shuffled)) }).toEqual({ story, ...(await toldBy(inOrder)) });
    await shuffled.remove(unwanted.uuid);
    expect({ story, unwanted, ...(await toldBy(shuffled)) }).toEqual({
      story,
      unwanted,
      ...(await toldBy(without)),
    });
  }
});
