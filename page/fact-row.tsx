import type { Fact } from '../src/page/schemas.ts';
import { hrefOf, Link } from './route.tsx';
import { Period, Time } from './times.tsx';

/** A fact with its period, what the memory knew when, and where it comes from. */
export function FactRow({ fact, isEnded = false }: { fact: Fact; isEnded?: boolean }) {
  const [episode] = fact.episodes;
  return (
    <li class={isEnded ? 'row ended' : 'row'}>
      <p class="sentence">{fact.fact}</p>
      <p class="meta">
        <span class="held">
          <Period from={fact.validAt} to={fact.invalidAt} />
        </span>
        <Known fact={fact} />
        {episode !== undefined && <Link href={hrefOf(`/episodes/${encodeURIComponent(episode)}`)}>source</Link>}
      </p>
    </li>
  );
}

function Known({ fact: { createdAt, expiredAt } }: { fact: Fact }) {
  if (createdAt === null) return null;
  return (
    <span>
      learned <Time of={createdAt} />
      {expiredAt !== null && (
        <>
          , end learned <Time of={expiredAt} />
        </>
      )}
    </span>
  );
}
