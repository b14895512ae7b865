import type { Source } from '../src/page/schemas.ts';
import { SourceLink, SourceLinks } from './episode-name.tsx';
import { hrefOf, Link } from './route.tsx';
import { Period, Time } from './times.tsx';

/** A fact as far as a list shows it. */
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
  /** uuid of the episode of which it is a rule. */
  readonly ruleOf?: string | null;
}

/** A fact with its period, what the memory knew when, and where it comes from. */
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

/** @param about a fact of several entities on one screen names its own */
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

/** What took the place of a fact. */
export const Then = ({ sentence }: { sentence: string | null }) =>
  sentence === null ? null : <p class="quiet then">Then: {sentence}</p>;

/** Marks a text with which every session begins. The screen of its episode offers to remove the rule. */
export const RuleMark = ({ episode }: { episode: string | null | undefined }) =>
  episode ? (
    <Link
      class="chip rule-mark"
      title="A rule: every session of an agent begins with it. Open it to remove the rule."
      href={hrefOf(`/episodes/${encodeURIComponent(episode)}`)}
    >
      rule
    </Link>
  ) : null;
