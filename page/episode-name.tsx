import type { Source } from '../src/page/schemas.ts';
import { hrefOf, Link } from './route.tsx';
import { Time } from './times.tsx';

/** Generated names of unnamed texts mean nothing to users. */
export const isMade = (name: string): boolean => /^episode_\d{4}-\d\d-\d\dT/.test(name);

/** `docs/harbor.md, 5 Nov 2026` for an unnamed episode; `Untitled text, 5 Nov 2026` if its origin is unknown too. */
export const EpisodeName = ({ name, time, origin = null }: { name: string; time: string; origin?: string | null }) =>
  isMade(name) ? (
    <>
      {origin ?? 'Untitled text'}, <Time of={time} />
    </>
  ) : (
    <span>{origin === null ? name : `${name} (${origin})`}</span>
  );

/** The origin of a text in words: its file or program, and its session. */
function placeOf({ name, origin, session }: Source): string {
  const place = [origin, session === null ? null : `session ${session}`].filter((part) => part !== null).join(', ');
  return place || (isMade(name) ? 'untitled text' : name);
}

/** A link to the source of a line: `source: docs/harbor.md, 5 Nov 2026`. */
export const SourceLink = ({ source, label = 'source' }: { source: Source; label?: string }) => (
  <Link class="said-in" title={placeOf(source)} href={hrefOf(`/episodes/${encodeURIComponent(source.uuid)}`)}>
    {label}: <span class="clip">{placeOf(source)}</span>, <Time of={source.referenceTime} />
  </Link>
);

/** @param count number of all sources; `sources` may contain only the first */
export function SourceLinks({ sources, count = sources.length }: { sources: readonly Source[]; count?: number }) {
  const [first, ...others] = sources;
  if (first === undefined) return null;
  const more = count - 1;
  return (
    <>
      <SourceLink source={first} />
      {more > 0 && (
        <details class="more-sources">
          <summary>
            {more} more {more === 1 ? 'source' : 'sources'}
          </summary>
          {others.map((source) => (
            <SourceLink key={source.uuid} source={source} />
          ))}
          {more > others.length && <span>and {more - others.length} more</span>}
        </details>
      )}
    </>
  );
}
