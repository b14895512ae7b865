import type { Reply } from '../src/page/schemas.ts';
import { Sentence } from './findings.tsx';
import { jobName } from './job-name.ts';
import { LetterActions } from './letter-actions.tsx';
import { Show, useCall } from './loading.tsx';
import { remedyOf } from './remedies.ts';
import { hrefOf, Link, params } from './route.tsx';
import { TextBlock } from './text-block.tsx';
import { plural, Time } from './times.tsx';

/** A failed job: the cause, the remedy and the payload. */
export function JobScreen({ id }: { id: string }) {
  const queue = params.value.get('queue') === 'export' ? 'export' : 'store';
  const job = useCall('deadLetter', { id, queue });
  return (
    <>
      <p class="crumb">
        <Link href={hrefOf('/queue')}>Queue</Link>
      </p>
      <h1 class="name">Why this job failed</h1>
      <Show loaded={job}>{(reply) => <Job reply={reply} />}</Show>
    </>
  );
}

function Job({ reply: { letter, payload, isCut, details, traceId } }: { reply: Reply<'deadLetter'> }) {
  const { id, queue, job, group, text, reason, error, attempts, queuedAt, failedAt } = letter;
  return (
    <>
      {text !== null && <blockquote class="said">{text}</blockquote>}
      <p class="lead">
        <Sentence text={reason || 'No reason was recorded.'} />
      </p>
      <p class="meta">
        <span class="waits">
          failed <Time of={failedAt} />
        </span>
        <span>
          queued <Time of={queuedAt} />
        </span>
        <span>{plural(attempts, 'attempt')}</span>
        <span>{jobName(letter)}</span>
        {error !== null && <code>{error}</code>}
      </p>
      <section>
        <h2>What to do</h2>
        <p>{remedyOf(error)}</p>
        <LetterActions id={id} queue={queue} job={job} failedAt={failedAt} back={hrefOf('/queue')} />
      </section>
      {job === 'store' && (
        <p class="quiet">
          Its text is stored and can be found:{' '}
          <Link href={hrefOf(`/episodes/${encodeURIComponent(id)}`, { ...(group !== null && { memory: group }) })}>
            the episode
          </Link>
        </p>
      )}
      <section>
        <h2>Its failures</h2>
        {details.length === 0 ? (
          <p class="quiet">No details were recorded.</p>
        ) : (
          <TextBlock class="content" label="The failures, oldest first" text={details.join('\n\n')} />
        )}
        <p class="quiet">
          Job <code>{id}</code>
          {traceId !== null && (
            <>
              , trace <code>{traceId}</code>
            </>
          )}
          . <code>memory-manager logs</code> shows what the worker wrote at that time.
        </p>
      </section>
      <section>
        <h2>What it was to do</h2>
        <TextBlock class="content" label="The payload" text={payload} />
        {isCut && (
          <p class="quiet">
            The payload is longer; <code>memory-manager dead-letter show {id}</code> prints all of it.
          </p>
        )}
      </section>
    </>
  );
}
