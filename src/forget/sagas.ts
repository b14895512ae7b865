import type { Commit } from '../graph/changes.ts';
import type { SagaOf } from '../graph/queries/sagas.ts';

/** What becomes of chains when some of their episodes go: they close over the gaps, and one that is empty goes too. */
export function shorten(
  sagas: readonly SagaOf[],
  gone: ReadonlySet<string>,
): Pick<Commit, 'sagas' | 'removedSagas' | 'sagaLinks'> {
  const left = sagas.map(({ uuid, chain }) => ({ uuid, chain, rest: chain.filter((episode) => !gone.has(episode)) }));
  return {
    removedSagas: left.filter(({ rest }) => rest.length === 0).map(({ uuid }) => ({ uuid })),
    sagas: left
      .filter(({ rest }) => rest.length > 0)
      .map(({ uuid, rest }) => ({ uuid, first: rest[0] ?? '', last: rest.at(-1) ?? '' })),
    sagaLinks: left.flatMap(({ chain, rest }) => gapsOf(chain, rest)),
  };
}

/** Pairs of episodes that follow each other now and did not before. */
function gapsOf(chain: readonly string[], rest: readonly string[]) {
  const before = new Map(chain.map((uuid, place) => [uuid, chain[place + 1]]));
  return rest.slice(0, -1).flatMap((a, place) => {
    const b = rest[place + 1] ?? '';
    return before.get(a) === b ? [] : [{ a, b }];
  });
}
