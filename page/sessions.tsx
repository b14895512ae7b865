import type { SessionTurn } from '../src/page/schemas.ts';
import { RuleMark, Then } from './fact-row.tsx';
import { Empty, Show, useCall } from './loading.tsx';
import { Pages } from './pages.tsx';
import { group, hrefOf, Link, params } from './route.tsx';
import { costInWords, redactionSentence } from './sentences.ts';
import { plural, Time } from './times.tsx';
import { NotRead } from './waits.tsx';

/** Turns on one page; the server returns as many. */
const PAGE = 20;

/** The sessions with agents, latest turn first. */
export function SessionsScreen() {
  const sessions = useCall('sessions', { group: group.value });
  return (
    <>
      <h1>Sessions</h1>
      <Show loaded={sessions} lines={8}>
        {({ sessions, isCut }) =>
          sessions.length === 0 ? (
            <Empty title="No sessions yet.">
              <p>
                A session is what an agent stores turn by turn. To connect one: <code>memory-manager install</code>.
              </p>
            </Empty>
          ) : (
            <>
              <ul class="rows">
                {sessions.map(({ name, episodes, first, last, preview }) => (
                  <li class="row" key={name}>
                    <p class="sentence clamp">
                      <Link href={hrefOf(`/sessions/${encodeURIComponent(name)}`)}>{preview || name}</Link>
                    </p>
                    <p class="meta">
                      <span class="held">{last !== null && <Time of={last} />}</span>
                      <span>{plural(episodes, 'turn')}</span>
                      {preview !== '' && <span class="clip">{name}</span>}
                      {first !== null && (
                        <span>
                          began <Time of={first} />
                        </span>
                      )}
                    </p>
                  </li>
                ))}
              </ul>
              {isCut && (
                <p class="quiet">
                  Only the latest are shown; <code>memory-manager saga list</code> shows all.
                </p>
              )}
            </>
          )
        }
      </Show>
    </>
  );
}

/** The captured turns of one session. */
export function SessionScreen({ name }: { name: string }) {
  const offset = Math.max(0, Math.floor(Number(params.value.get('from')) || 0));
  const turns = useCall('turns', { group: group.value, session: name, offset });
  return (
    <>
      <p class="crumb">
        <Link href={hrefOf('/sessions')}>Sessions</Link>
      </p>
      <h1 class="name">{name}</h1>
      <Show loaded={turns} lines={8}>
        {({ turns, total, summary }) => (
          <>
            <p class="quiet">{plural(total, 'turn')}.</p>
            {summary !== '' && <p class="lead">{summary}</p>}
            <ol class="rows turns" start={offset + 1}>
              {turns.map((turn) => (
                <TurnRow key={turn.uuid} turn={turn} />
              ))}
            </ol>
            <Pages {...{ offset, size: turns.length, pageSize: PAGE, total }} hasMore={offset + turns.length < total} />
          </>
        )}
      </Show>
    </>
  );
}

function TurnRow({ turn }: { turn: SessionTurn }) {
  const { uuid, text, isCut, referenceTime, isCommitted, waits, rules, facts, endedFacts, redactions, cost } = turn;
  return (
    <li class="row">
      <p class="meta">
        <Link href={hrefOf(`/episodes/${encodeURIComponent(uuid)}`)}>
          <Time of={referenceTime} />
        </Link>
        <RuleMark episode={rules.length > 0 ? uuid : null} />
        {redactions.length > 0 && <span>{redactionSentence(redactions)}</span>}
        {isCommitted ? <span>Reading cost {costInWords(cost)}.</span> : <NotRead uuid={uuid} waits={waits} />}
      </p>
      <p class="sentence said">
        {text}
        {isCut && '…'}
      </p>
      <TurnFacts facts={facts} title={`${plural(facts.length, 'fact')} came of it`} />
      <TurnFacts facts={endedFacts} title={`It ended ${plural(endedFacts.length, 'fact')}`} />
    </li>
  );
}

function TurnFacts({ facts, title }: { facts: SessionTurn['facts']; title: string }) {
  if (facts.length === 0) return null;
  return (
    <details class="why">
      <summary>{title}</summary>
      <ul class="plain-list">
        {facts.map(({ uuid, fact, replacement }) => (
          <li key={uuid}>
            {fact}
            <Then sentence={replacement} />
          </li>
        ))}
      </ul>
    </details>
  );
}
