import type { Source } from '../src/page/schemas.ts';
import { SourceLink, SourceLinks } from './episode-name.tsx';
import { hrefOf, Link } from './route.tsx';
import { Period, Time } from './times.tsx';

/** The fields of a fact that lists show. */
export interface ShownFact {
  readonly fact: string;
  readonly validAt: string | null;
  readonly invalidAt: string | null;
  readonly createdAt?: string | null;
  readonly expiredAt?: string | null;
  readonly sources: readonly Source[];
  readonly sourceCount: number;
  readonly endSources?: readonly Source[];
  readonly replacement: string | null;
  /** uuid of the episode that states the fact as a rule. */
  readonly ruleOf?: string | null;
}

/** A fact with its period, the time when the memory learned it, and its sources. */
export function FactRow({ fact, isEnded = false }: { fact: ShownFact; isEnded?: boolean }) {
  return (
    <li class={isEnded ? 'row ended' : 'row'}>
      <p class="sentence">
        {fact.fact}
        <RuleMark episode={fact.ruleOf} />
      </p>
      <FactMeta fact={fact} />
      <Then sentence={fact.replacement} />
    </li>
  );
}

/** @param about the entity of the fact, for screens with facts of several entities */
export function FactMeta({
  fact: { validAt, invalidAt, createdAt = null, expiredAt = null, sources, sourceCount, endSources = [] },
  about,
}: {
  fact: ShownFact;
  about?: { readonly uuid: string; readonly name: string };
}) {
  const [ender] = endSources;
  return (
    <p class="meta">
      <span class="held">
        <Period from={validAt} to={invalidAt} />
      </span>
      {about && <Link href={hrefOf(`/entities/${encodeURIComponent(about.uuid)}`)}>{about.name}</Link>}
      <SourceLinks sources={sources} count={sourceCount} />
      {ender && <SourceLink source={ender} label="ended by" />}
      {createdAt !== null && (
        <span>
          learned <Time of={createdAt} />
          {expiredAt !== null && (
            <>
              , end learned <Time of={expiredAt} />
            </>
          )}
        </span>
      )}
    </p>
  );
}

/** The sentence that replaced a fact. */
export const Then = ({ sentence }: { sentence: string | null }) =>
  sentence === null ? null : <p class="quiet then">Then: {sentence}</p>;

/** Marks a rule, which every session starts with. The episode's screen has the button that removes the rule. */
export const RuleMark = ({ episode }: { episode: string | null | undefined }) =>
  episode ? (
    <>
      {' '}
      <Link
        class="chip rule-mark"
        title="A rule: every session of an agent begins with it. Open it to remove the rule."
        href={hrefOf(`/episodes/${encodeURIComponent(episode)}`)}
      >
        rule
      </Link>
    </>
  ) : null;
