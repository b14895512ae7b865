import type { Now, Reply } from '../src/page/schemas.ts';
import { QuestionBox } from './ask.tsx';
import { jobs } from './calls.ts';
import { EpisodeList } from './episodes.tsx';
import { FindingList } from './findings.tsx';
import { Empty, type Loaded, Show, useCall } from './loading.tsx';
import { goTo, group, hrefOf, Link } from './route.tsx';
import { costSentence, findings } from './sentences.ts';
import { TextBlock } from './text-block.tsx';
import { plural, Time } from './times.tsx';

/** While a worker is busy, cheap data reload within seconds. Briefing and costs, read from the graph, reload after each commit. */
const SOON_MS = 6000;
/** Reading the whole state takes many commands. The numbers of waiting and failed texts come with the live updates. */
const STATE_MS = 10_000;
const LATER_MS = 60_000;

/** The health of the memory, its contents and the latest events. */
export function NowScreen() {
  const now = useCall('now', { group: group.value }, { calmMs: STATE_MS });
  // Both calls read the whole graph and would delay the first content.
  const isShown = now.data !== undefined || now.error !== undefined;
  const rest = isShown ? { group: group.value } : undefined;
  const episodes = useCall('episodes', rest && { ...rest, limit: 6 }, { calmMs: SOON_MS });
  const briefing = useCall('briefing', rest, { calmMs: LATER_MS });
  const soon = <T,>(loaded: Loaded<T>): Loaded<T> => (isShown ? loaded : { ...loaded, isLoading: true });
  return (
    <>
      <h1>Now</h1>
      <QuestionBox placeholder="Ask your memory" onAsk={(question) => goTo(hrefOf('/ask', { q: question }))} />
      <Show loaded={now} lines={3}>
        {(state) => (
          <>
            <FindingList findings={findings(state)} />
            <CostToday now={state} />
            <Figures state={state} />
          </>
        )}
      </Show>
      <section>
        <h2>Latest episodes</h2>
        <Show loaded={soon(episodes)}>
          {({ episodes }) => (episodes.length > 0 ? <EpisodeList episodes={episodes} /> : <NothingYet />)}
        </Show>
      </section>
      <section>
        <h2>Last briefing told to an agent</h2>
        <Show loaded={soon(briefing)}>{(reply) => <LastBriefing {...reply} />}</Show>
      </section>
      <section>
        <h2>Briefing of the next session</h2>
        <Show loaded={soon(briefing)}>{(reply) => <NextBriefing {...reply} />}</Show>
      </section>
    </>
  );
}

/** The last briefing that an agent got. After each forgetting it is removed, so that no forgotten text stays in it. */
function LastBriefing({ last }: Reply<'briefing'>) {
  if (last === null)
    return (
      <p class="quiet">
        None is known. An agent that <code>memory-manager install</code> has connected gets one when a session begins.
        After each <i>Forget</i> the text told before is removed.
      </p>
    );
  const { host, session, deliveredAt, text } = last;
  return (
    <>
      <p class="meta">
        <span>{host === 'mcp' ? 'an MCP client' : host}</span>
        <span>
          told <Time of={deliveredAt} />
        </span>
        {session !== null && <span class="clip">session {session}</span>}
      </p>
      <TextBlock class="told" label="The last briefing told" text={text} />
    </>
  );
}

function NextBriefing({ text, tokens, pending, last }: Reply<'briefing'>) {
  if (text === '') return <p class="quiet">Nothing yet: the memory has no rules, tasks or facts for a briefing.</p>;
  return (
    <>
      {text === last?.text ? (
        <p>The same as the last one.</p>
      ) : (
        <TextBlock class="told" label="The briefing" text={text} />
      )}
      <p class="quiet">
        About {plural(tokens, 'token')}.
        {pending > 0 && ` ${plural(pending, 'rule')} proposed by agents wait for you to confirm them.`}
      </p>
    </>
  );
}

/** Since midnight in the user's zone. */
function CostToday({ now }: { now: Now }) {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const spending = useCall('spending', { group: group.value, since: midnight.toISOString() }, { calmMs: LATER_MS });
  return (
    <Show loaded={spending} lines={1}>
      {(reply) => <p class="quiet cost">{costSentence(reply, now)}</p>}
    </Show>
  );
}

function Figures({ state }: { state: Now }) {
  const waiting = jobs.value ?? state.jobs;
  const figures = [
    ...(state.size
      ? ([
          ['Episodes', state.size.episodes, hrefOf('/episodes')],
          ['Entities', state.size.entities, hrefOf('/entities')],
          ['Facts', state.size.facts, hrefOf('/entities')],
        ] as const)
      : []),
    ...(waiting
      ? ([
          ['In the queue', waiting.waiting + waiting.delayed + waiting.active, hrefOf('/queue')],
          ['Failed', waiting.failed, hrefOf('/queue')],
        ] as const)
      : []),
  ];
  return (
    <ul class="figures">
      {figures.map(([name, value, href]) => (
        <li key={name}>
          <Link href={href}>
            <b>{value.toLocaleString()}</b>
            <span>{name}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

const NothingYet = () => (
  <Empty title="This memory is empty.">
    <p>
      Store a first text with <code>memory-manager store "Harbor keeps its sessions in Valkey 8."</code>, or connect an
      agent with <code>memory-manager install</code>.
    </p>
  </Empty>
);
