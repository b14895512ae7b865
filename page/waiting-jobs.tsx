import { Fragment } from 'preact';
import type { WaitingJob } from '../src/page/schemas.ts';
import { FindingList, Sentence } from './findings.tsx';
import { jobName } from './job-name.ts';
import { Show, useCall } from './loading.tsx';
import { group } from './route.tsx';
import { problemFinding } from './sentences.ts';
import { plural, Time } from './times.tsx';

/** A live update arrives with each job that ends, which is too often for a list that people read. */
const CALM_MS = 3000;

/** The open jobs, each with its content and the reason why it waits. */
export function WaitingJobs() {
  const waiting = useCall('waitingJobs', {}, { calmMs: CALM_MS });
  return (
    <section>
      <h2>Waiting and running</h2>
      <Show loaded={waiting} lines={2}>
        {({ jobs, isCut }) => (
          <>
            <Problems jobs={jobs} />
            {jobs.length === 0 && <p class="quiet">All of them have just ended.</p>}
            {byCause(jobs).map(([reason, same]) => (
              <Fragment key={reason}>
                {reason !== '' && (
                  <p class="cause waits">
                    <Sentence text={reason} />
                  </p>
                )}
                <ul class="rows">
                  {same.map((job) => (
                    <Job key={job.id} job={job} />
                  ))}
                </ul>
              </Fragment>
            ))}
            {isCut && <p class="quiet">Only the first {jobs.length} are shown: those that run or come next.</p>}
          </>
        )}
      </Show>
    </section>
  );
}

/** The problems for which new texts are not read, as on Now. The list itself shows those that are the reason of a job. */
function Problems({ jobs }: { jobs: readonly WaitingJob[] }) {
  const problems = useCall('now', { group: group.value }, { calmMs: CALM_MS }).data?.problems ?? [];
  const shown = problems.filter(
    ({ message, stopsReading }) => stopsReading && !jobs.some(({ reason }) => reason === message),
  );
  return shown.length === 0 ? null : <FindingList findings={shown.map(problemFinding)} />;
}

/** Groups jobs by cause, since an outage delays many. Jobs that only wait for a worker come first. */
function byCause(jobs: readonly WaitingJob[]): [string, WaitingJob[]][] {
  const causes = new Map<string, WaitingJob[]>();
  for (const job of jobs) causes.set(job.reason ?? '', [...(causes.get(job.reason ?? '') ?? []), job]);
  return [...causes].sort(([a], [b]) => Number(a !== '') - Number(b !== ''));
}

/** No link to the episode: a text that no worker has tried is not in the graph yet. */
function Job({ job }: { job: WaitingJob }) {
  const { text, state, queuedAt, reason, since, nextTryAt, attempts } = job;
  return (
    <li class="row">
      <p class="sentence clamp">{text === null ? jobName(job) : text || 'An empty text'}</p>
      <p class="meta">
        <span>{state === 'active' ? 'running' : state === 'delayed' && reason === null ? 'planned' : state}</span>
        {since !== null && (
          <span>
            waits for this since <Time of={since} />
          </span>
        )}
        <span>
          queued <Time of={queuedAt} />
        </span>
        {nextTryAt !== null && (
          <span>
            {Date.parse(nextTryAt) > Date.now() ? 'next attempt ' : 'next attempt due '}
            <Time of={nextTryAt} />
          </span>
        )}
        {attempts > 0 && <span>{plural(attempts, 'failed attempt')}</span>}
        {text !== null && <span>{jobName(job)}</span>}
      </p>
    </li>
  );
}
