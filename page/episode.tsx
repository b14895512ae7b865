import { useSignal } from '@preact/signals';
import type { Reply } from '../src/page/schemas.ts';
import { EpisodeName } from './episode-name.tsx';
import { ForgetEpisode } from './forget.tsx';
import { Show, useCall } from './loading.tsx';
import { PinEpisode } from './pin.tsx';
import { group, hrefOf, Link } from './route.tsx';
import { costInWords, redactionSentence } from './sentences.ts';
import { isReadOnly } from './session.ts';
import { TextBlock } from './text-block.tsx';
import { Period, plural, Time } from './times.tsx';
import { NotRead } from './waits.tsx';

/** One stored text: its words, the facts that came of it, what it cost, and how to forget it. */
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
  const { uuid, name, content, isCut, facts, entities, session, use, redactions, stated } = reply;
  return (
    <>
      <h1 class="name">
        <EpisodeName name={name} time={reply.referenceTime} />
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
              <li class="row" key={fact.uuid}>
                <p class="sentence">{fact.fact}</p>
                <p class="meta">
                  <span class="held">
                    <Period from={fact.validAt} to={fact.invalidAt} />
                  </span>
                </p>
              </li>
            ))}
          </ul>
        )}
      </section>
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
      <PinEpisode key={`pin ${uuid}`} uuid={uuid} />
      <ForgetEpisode key={uuid} uuid={uuid} begun={forgetting.value} />
    </>
  );
}
