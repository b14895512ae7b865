import { useSignal } from '@preact/signals';
import type { EpisodeFact, Reply } from '../src/page/schemas.ts';
import { EpisodeName, isMade } from './episode-name.tsx';
import { FactRow } from './fact-row.tsx';
import { ForgetEpisode } from './forget.tsx';
import { Show, useCall } from './loading.tsx';
import { PinEpisode } from './pin.tsx';
import { group, hrefOf, Link } from './route.tsx';
import { costInWords, redactionSentence } from './sentences.ts';
import { isReadOnly } from './session.ts';
import { TextBlock } from './text-block.tsx';
import { Period, plural, Time } from './times.tsx';
import { RulesOfEpisode } from './unpin.tsx';
import { NotRead } from './waits.tsx';

/** One stored text with its facts, its cost, and the button to forget it. */
export function EpisodeScreen({ id }: { id: string }) {
  const episode = useCall('episode', { group: group.value, episode: id });
  return (
    <>
      <p class="crumb">
        <Link href={hrefOf('/episodes')}>Episodes</Link>
      </p>
      {episode.data === undefined && <h1 class="name">Episode</h1>}
      <Show loaded={episode}>{(reply) => <EpisodePage reply={reply} />}</Show>
    </>
  );
}

function EpisodePage({ reply }: { reply: Reply<'episode'> }) {
  const forgetting = useSignal(0);
  const { uuid, name, content, isCut, facts, endedFacts, rules, entities, session, use, redactions, stated } = reply;
  return (
    <>
      <h1 class="name">
        <EpisodeName name={name} time={reply.referenceTime} origin={reply.file ?? placeOf(reply)} />
      </h1>
      <p class="meta">
        <span>
          dated <Time of={reply.referenceTime} />
        </span>
        <span>
          stored <Time of={reply.createdAt} />
        </span>
        {reply.sourceDescription !== '' && <span class="clip">source: {reply.sourceDescription}</span>}
        {session !== null &&
          (reply.isInSession ? (
            <Link class="clip" href={hrefOf(`/sessions/${encodeURIComponent(session)}`)}>
              session {session}
            </Link>
          ) : (
            <span class="clip">session {session}</span>
          ))}
        {reply.waits !== null && <NotRead uuid={uuid} waits={reply.waits} />}
      </p>
      <RulesOfEpisode key={`rules ${uuid}`} uuid={uuid} rules={rules} />
      {stated === null ? (
        <TextBlock class="content" label="The text" text={content} />
      ) : (
        <>
          <div class="content">
            <p class="sentence">{stated.fact}</p>
            <p class="meta">
              <span>stored as a fact</span>
              <span class="held">
                <Period from={stated.validAt ?? reply.referenceTime} to={stated.invalidAt} />
              </span>
            </p>
          </div>
          <details class="block">
            <summary>As it is stored</summary>
            <TextBlock class="told" label="The text" text={content} />
          </details>
        </>
      )}
      <p class="quiet">{redactionSentence(redactions)}</p>
      {!isReadOnly.value && (
        <p class="buttons">
          <button type="button" onClick={() => (forgetting.value += 1)}>
            Forget this text…
          </button>
        </p>
      )}
      {isCut && <p class="quiet">The text is longer; `memory-manager episode {uuid}` prints all of it.</p>}
      <section>
        <h2>Facts from this text</h2>
        {facts.length === 0 ? (
          <p class="quiet">No fact was drawn from it. Its text can be found all the same.</p>
        ) : (
          <ul class="rows">
            {facts.map((fact) => (
              <EpisodeFactRow key={fact.uuid} fact={fact} uuid={uuid} />
            ))}
          </ul>
        )}
      </section>
      {endedFacts.length > 0 && (
        <section>
          <h2>Facts that this text ended</h2>
          <ul class="rows">
            {endedFacts.map((fact) => (
              <EpisodeFactRow key={fact.uuid} fact={fact} isEnded />
            ))}
          </ul>
        </section>
      )}
      {entities.length > 0 && (
        <section>
          <h2>Mentions</h2>
          <p class="chips">
            {entities.map((entity) => (
              <Link key={entity.uuid} class="chip" href={hrefOf(`/entities/${encodeURIComponent(entity.uuid)}`)}>
                {entity.name}
              </Link>
            ))}
          </p>
        </section>
      )}
      <section>
        <h2>Cost</h2>
        {use.length === 0 ? (
          <p class="quiet">None: no paid model read this text.</p>
        ) : (
          <ul class="plain-list">
            {use.map((call) => (
              <li key={JSON.stringify(call)}>
                {call.purpose} with {call.model}:{' '}
                {costInWords({ tokens: call.promptTokens + call.completionTokens, dollars: call.dollars })}
                {call.episodes > 1 && `, shared by ${plural(call.episodes, 'episode')}`}
              </li>
            ))}
          </ul>
        )}
      </section>
      {!isRuleAlone(content, rules) && <PinEpisode key={`pin ${uuid}`} uuid={uuid} hasRules={rules.length > 0} />}
      <ForgetEpisode key={uuid} uuid={uuid} begun={forgetting.value} />
    </>
  );
}

/** The session or the program of an unnamed text without a file. */
function placeOf({ name, session, sourceDescription }: Reply<'episode'>): string | null {
  if (!isMade(name)) return null;
  return session === null ? sourceDescription || null : `session ${session}`;
}

/** This episode is a source of each fact that it states, so only the other sources are shown. */
function EpisodeFactRow({ fact, uuid, isEnded }: { fact: EpisodeFact; uuid?: string; isEnded?: boolean }) {
  const others = fact.sources.filter((source) => source.uuid !== uuid);
  const sourceCount = others.length + Math.max(0, fact.sourceCount - fact.sources.length);
  return <FactRow fact={{ ...fact, sources: others, sourceCount, ruleOf: null }} isEnded={isEnded ?? false} />;
}

/** Whether the whole text is one rule in force, so that no other rule can be made from it. */
function isRuleAlone(content: string, rules: readonly string[]): boolean {
  const whole = content.replace(/\s+/g, ' ').trim();
  return rules.some((rule) => rule === whole || (rule.endsWith('…') && whole.startsWith(rule.slice(0, -1))));
}
