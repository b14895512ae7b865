import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { PassageResult, Reply } from '../src/page/schemas.ts';
import { DateField } from './date-field.tsx';
import { EpisodeName, SourceLink, SourceLinks } from './episode-name.tsx';
import { RuleMark } from './fact-row.tsx';
import { Empty, Show, useCall } from './loading.tsx';
import { oncePerSentence } from './once-per-sentence.ts';
import { group, hrefOf, Link, params, setParams } from './route.tsx';
import { TextBlock } from './text-block.tsx';
import { exactDay, Period, Time } from './times.tsx';

const WAITS_FOR =
  'Searching facts and stored texts. The first question after a start also loads the model that compares meanings, which takes some seconds.';

/** The question box, two dates, and the answer with the reasons for each line. */
export function AskScreen() {
  const query = params.value.get('q') ?? '';
  const asOf = params.value.get('on') ?? '';
  const knownAt = params.value.get('known') ?? '';
  const budget = params.value.get('budget') ?? '800';
  const answer = useCall(
    'answer',
    query === ''
      ? undefined
      : { group: group.value, query, asOf: endOfDay(asOf), knownAt: endOfDay(knownAt), budget: Number(budget) },
  );
  const dates = [...(asOf && [`true on ${inWords(asOf)}`]), ...(knownAt && [`known on ${inWords(knownAt)}`])].join(
    ', ',
  );
  const isPast = dates !== '';
  return (
    <>
      <h1>Ask</h1>
      <QuestionBox question={query} placeholder="Your question" onAsk={(question) => setParams({ q: question })} />
      <div class="options">
        <DateField
          label="True on"
          value={asOf}
          isFocused={params.value.get('focus') === 'date'}
          onPick={(day) => setParams({ on: day })}
        />
        <DateField label="Known on" value={knownAt} onPick={(day) => setParams({ known: day })} />
        <label>
          Tokens
          <select value={budget} onChange={(event) => setParams({ budget: event.currentTarget.value })}>
            {['200', '400', '800', '1600', '4000'].map((size) => (
              <option key={size} value={size}>
                {size}
              </option>
            ))}
          </select>
        </label>
        {isPast && (
          <button type="button" class="plain" onClick={() => setParams({ on: undefined, known: undefined })}>
            Back to now
          </button>
        )}
      </div>
      <p class="quiet">
        <i>True on</i>: what held on that day, as far as is known today. <i>Known on</i>: what the memory believed on
        that day, without what it learned later.
      </p>
      {query === '' ? (
        <Empty title="Ask what your agent would ask.">
          <p>The answer is the one an agent gets, with the reason for every line.</p>
        </Empty>
      ) : (
        <Show loaded={answer} waitsFor={WAITS_FOR}>
          {(reply) => <Answer reply={reply} dates={dates} />}
        </Show>
      )}
    </>
  );
}

export function QuestionBox(props: { question?: string; placeholder: string; onAsk: (question: string) => void }) {
  const draft = useSignal(props.question ?? '');
  return (
    <search>
      <form
        class="ask"
        onSubmit={(event) => {
          event.preventDefault();
          props.onAsk(draft.value.trim());
        }}
      >
        <label class="hidden" for="question">
          Question
        </label>
        <input
          id="question"
          type="search"
          maxLength={1000}
          autocomplete="off"
          placeholder={props.placeholder}
          value={draft.value}
          onInput={(event) => (draft.value = event.currentTarget.value)}
        />
        <button type="submit">Ask</button>
      </form>
    </search>
  );
}

/** The last moment of a day in the user's zone. */
function endOfDay(day: string): string | undefined {
  const date = new Date(`${day}T23:59:59.999`);
  return day === '' || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** A date with the month as a word: the date field may show 3/4, which is ambiguous. */
function inWords(day: string): string {
  const noon = Date.parse(`${day}T12:00`);
  return Number.isNaN(noon) ? day : exactDay(noon);
}

/** @param props.dates the dates of a question about the past, in words; empty for a question about now */
function Answer({
  reply: { facts: found, passages, block, firstStoredAt },
  dates,
}: {
  reply: Reply<'answer'>;
  dates: string;
}) {
  const facts = oncePerSentence(found, (fact) => fact);
  if (facts.length + passages.length === 0)
    return (
      <Empty title={dates === '' ? 'Nothing relevant is known.' : `Nothing was found that was ${dates}.`}>
        {firstStoredAt !== null && (
          <p>
            The memory stored its first text on {exactDay(Date.parse(firstStoredAt))}, so it knew nothing on that day.
            To ask what held on that day, use <i>True on</i> alone.
          </p>
        )}
        <p>The memory stays silent rather than show lines that do not answer. Try other words, or another date.</p>
      </Empty>
    );
  const subject = subjectOf(facts);
  const best = Math.max(...facts.map(({ score }) => score), ...passages.map(({ score }) => score));
  return (
    <>
      {facts.length > 0 && (
        <section>
          <h2>{dates === '' ? 'Current facts' : `Facts ${dates}`}</h2>
          {subject && (
            <p class="quiet">
              The most important facts about{' '}
              <Link href={hrefOf(`/entities/${encodeURIComponent(subject.uuid)}`)}>{subject.name}</Link>, whose page has
              all of them.
            </p>
          )}
          <ul class="rows">
            {facts.map((fact) => (
              <li class="row" key={fact.uuid}>
                <p class="sentence">
                  {fact.fact}
                  <RuleMark episode={fact.ruleOf} />
                </p>
                <p class="meta">
                  <span class="held">
                    <Period from={fact.validAt} to={fact.invalidAt} />
                  </span>
                  <SourceLinks sources={fact.sources} />
                  <Link href={hrefOf(`/entities/${encodeURIComponent(fact.sourceUuid)}`)}>{fact.source}</Link>
                  <Link href={hrefOf(`/entities/${encodeURIComponent(fact.targetUuid)}`)}>{fact.target}</Link>
                </p>
                <Why {...fact} best={best}>
                  <dt>Relation</dt>
                  <dd>
                    <code>{fact.relation}</code>
                  </dd>
                  <dt>Learned</dt>
                  <dd>{fact.createdAt && <Time of={fact.createdAt} />}</dd>
                  <dt>Stated by</dt>
                  <dd>
                    {fact.sources.map(({ uuid, name, referenceTime, origin }) => (
                      <span class="source" key={uuid}>
                        <Link href={hrefOf(`/episodes/${encodeURIComponent(uuid)}`)}>
                          <EpisodeName name={name} time={referenceTime} origin={origin} />
                        </Link>
                      </span>
                    ))}
                  </dd>
                </Why>
              </li>
            ))}
          </ul>
        </section>
      )}
      {passages.length > 0 && (
        <section>
          <h2>What was said</h2>
          <ul class="rows">
            {passages.map((passage) => (
              <Passage key={passage.uuid} passage={passage} best={best} />
            ))}
          </ul>
        </section>
      )}
      <details class="block">
        <summary>As an agent reads it</summary>
        <TextBlock class="told" label="The answer for an agent" text={block} />
      </details>
    </>
  );
}

/** The entity that the question names: the only one shared by all facts with the signal `named`. */
function subjectOf(facts: Reply<'answer'>['facts']): { uuid: string; name: string } | undefined {
  const named = facts.filter(({ scoreParts }) => 'named' in scoreParts);
  const ends = named.slice(0, 1).flatMap(({ source, sourceUuid, target, targetUuid }) => [
    { uuid: sourceUuid, name: source },
    { uuid: targetUuid, name: target },
  ]);
  const shared = ends.filter(({ uuid }) =>
    named.every(({ sourceUuid, targetUuid }) => uuid === sourceUuid || uuid === targetUuid),
  );
  return shared.length === 1 ? shared[0] : undefined;
}

function Passage({ passage, best }: { passage: PassageResult; best: number }) {
  const { episode, excerpt, until, role, headings, kind } = passage;
  return (
    <li class={until === null ? 'row' : 'row ended'}>
      <p class="sentence said">
        {excerpt}
        <RuleMark episode={passage.ruleOf} />
      </p>
      <p class="meta">
        {until !== null && (
          <span>
            until <Time of={until} />
          </span>
        )}
        <SourceLink source={episode} label="said in" />
      </p>
      <Why {...passage} best={best}>
        <dt>Kind</dt>
        <dd>{kind}</dd>
        {role !== null && (
          <>
            <dt>Said by</dt>
            <dd>{role}</dd>
          </>
        )}
        {headings.length > 0 && (
          <>
            <dt>Under</dt>
            <dd>{headings.join(' › ')}</dd>
          </>
        )}
        <dt>Episode</dt>
        <dd>
          <EpisodeName name={episode.name} time={episode.referenceTime} origin={episode.origin} />
        </dd>
      </Why>
    </li>
  );
}

const SIGNALS: Readonly<Record<string, string>> = {
  words: 'the question’s words',
  coverage: 'share of the question’s words',
  meaning: 'meaning',
  before: 'text before it',
  after: 'text after it',
  episode: 'rest of its episode',
  session: 'rest of its session',
  fact: 'rank among facts',
  entity: 'entities of the question',
  recency: 'recent',
  speaker: 'its speaker is named',
  date: 'its date is named',
  shape: 'a list or procedure, as asked for',
  asks: 'is itself a question',
  user: 'is a user’s message',
  tool: 'is the output of a tool',
  named: 'is about the thing that the question names',
  definition: 'says what it is',
  stated: 'how many texts state it',
  recent: 'recent',
  subject: 'is about what it does',
};

/** `meaning 0.42, the question’s words 0.35, is a user’s message −0.10`, the largest first. */
const partsInWords = (parts: Readonly<Record<string, number>>): string =>
  Object.entries(parts)
    .sort(([, one], [, other]) => Math.abs(other) - Math.abs(one))
    .map(([name, part]) => `${SIGNALS[name] ?? name} ${part.toFixed(2).replace('-', '−')}`)
    .join(', ');

function Why(props: {
  score: number;
  scoreParts: Readonly<Record<string, number>>;
  best: number;
  children: ComponentChildren;
}) {
  const { score, scoreParts, best, children } = props;
  const share = best > 0 ? Math.round((score / best) * 100) : 0;
  return (
    <details class="why">
      <summary>
        Why
        <meter min={0} max={100} value={share} aria-label="Score relative to the best line" />
      </summary>
      <dl>
        <dt>Score</dt>
        <dd>
          {score.toFixed(2)}, {share} % of the best line
        </dd>
        {Object.keys(scoreParts).length > 0 && (
          <>
            <dt>Made of</dt>
            <dd>{partsInWords(scoreParts)}</dd>
          </>
        )}
        {children}
      </dl>
    </details>
  );
}
