/** The rows of docs/reliability.md: what happens, what must hold, and the file below test/faults that shows it. */
export const ROWS: readonly { row: number; happens: string; holds: string; file: string }[] = [
  {
    row: 1,
    happens: '`kill -9` the worker 100 times at random moments during 1,000 jobs',
    holds: '1,000 committed, 0 lost, 0 duplicates, 0 half-written visible; ≤ 1 % of model calls spent again (with 17)',
    file: '01-killed-worker.test.ts',
  },
  {
    row: 2,
    happens:
      'killed before and after record, extract, embed, resolve, write, version and acknowledgement, 20 times each',
    holds: 'the same graph hash as an undisturbed run',
    file: '02-stage-boundaries.test.ts',
  },
  {
    row: 3,
    happens: 'eviction policy not `noeviction`, no append-only file, stalled limit too low',
    holds: 'refused or loudly warned of at start, naming the setting',
    file: '03-wrong-configuration.test.ts',
  },
  {
    row: 4,
    happens: 'Valkey killed and restarted 20 times under 200 enqueues/s, AOF always',
    holds: '0 acknowledged lost',
    file: '04-valkey-killed.test.ts',
  },
  {
    row: 5,
    happens: 'Valkey away for 120 s while 500 episodes are handed to fire-and-forget callers',
    holds: 'each call back in 50 ms, all spooled, then committed once',
    file: '05-valkey-away.test.ts',
  },
  {
    row: 6,
    happens: 'Valkey out of memory',
    holds: 'enqueue fails loudly, nothing silent',
    file: '06-out-of-memory.test.ts',
  },
  {
    row: 7,
    happens: 'FalkorDB away for 60 s in mid-run',
    holds: 'jobs wait without burning attempts, 0 dead letters, recovered ≤ 30 s after it is back',
    file: '07-falkordb-away.test.ts',
  },
  {
    row: 8,
    happens: 'FalkorDB killed during commits 50 times, AOF always',
    holds: 'every acknowledged commit present or re-applied, 0 partial',
    file: '08-falkordb-killed.test.ts',
  },
  {
    row: 10,
    happens: 'half-open TCP on each connection',
    holds: 'noticed ≤ 30 s, no hang, no duplicate',
    file: '10-half-open.test.ts',
  },
  {
    row: 11,
    happens: 'the model answers 429 with Retry-After for minutes',
    holds: '0 lost, delay honoured, ≤ 5 % extra calls',
    file: '11-model-busy.test.ts',
  },
  {
    row: 12,
    happens: 'the model fails or times out on 30 % of calls',
    holds: 'all committed, ≤ 10 % spent again',
    file: '12-model-fails.test.ts',
  },
  {
    row: 13,
    happens: '10,000 malformed model replies',
    holds: '0 crashes; each repaired, retried or dead-lettered with its reason',
    file: '13-malformed-replies.test.ts',
  },
  {
    row: 14,
    happens: 'the model refuses every call',
    holds: 'health red ≤ 60 s; all jobs in the dead-letter list; replay commits all',
    file: '14-model-refuses.test.ts',
  },
  {
    row: 15,
    happens: '50 poison jobs among 1,000',
    holds: 'exactly 50 dead letters with cause, payload, trace id; the others untouched',
    file: '15-poison.test.ts',
  },
  {
    row: 16,
    happens: '10,000 malformed inputs at command line, queue and library',
    holds: '0 crashes, 0 injections, 0 silent drops: a sentence, or stored unchanged',
    file: '16-malformed-input.test.ts',
  },
  {
    row: 17,
    happens: 'each of 1,000 jobs delivered 10 times, also at once on 4 workers',
    holds: '1,000 episodes, the same graph hash, model calls ≤ 1.01 ×',
    file: '17-delivered-again.test.ts',
  },
  {
    row: 18,
    happens: '50 groups × 100 episodes, 8 workers, random failures, arrival shuffled',
    holds: 'the same graph hash as in order',
    file: '18-shuffled.test.ts',
  },
  {
    row: 19,
    happens: '50 groups, 10,000 interleaved writes and reads, a canary word in each',
    holds: "0 canaries in another group's graph, cache or answer",
    file: '19-groups-apart.test.ts',
  },
  {
    row: 20,
    happens: 'a worker frozen past its lease while another commits, then resumed, 100 times',
    holds: 'the late write refused, 100 of 100',
    file: '20-frozen-worker.test.ts',
  },
  {
    row: 21,
    happens: 'SIGTERM under load 100 times',
    holds: 'gone ≤ 10 s, no attempt burned, 0 lost',
    file: '21-sigterm.test.ts',
  },
];
