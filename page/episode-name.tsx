import type { Source } from '../src/page/schemas.ts';
import { hrefOf, Link } from './route.tsx';
import { Time } from './times.tsx';

/** Names that a program made for a text without one say nothing to people. */
const isMade = (name: string): boolean => /^episode_\d{4}-\d\d-\d\dT/.test(name);

/** `docs/harbor.md, 5 Nov 2026` for an episode that nobody has named, `Untitled text, 5 Nov 2026` where its origin is unknown too. */
export const EpisodeName = ({ name, time, origin = null }: { name: string; time: string; origin?: string | null }) =>
  isMade(name) ? (
    <>
      {origin ?? 'Untitled text'}, <Time of={time} />
    </>
  ) : (
    <span>{origin === null ? name : `${name} (${origin})`}</span>
  );

/** The episode of a line: where it comes from, if that is known. */
export const SourceLink = ({ episode: { uuid, origin } }: { episode: Source }) => (
  <Link class="clip" href={hrefOf(`/episodes/${encodeURIComponent(uuid)}`)}>
    {origin === null ? 'source' : `source: ${origin}`}
  </Link>
);
