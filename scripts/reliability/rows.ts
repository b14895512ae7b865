/** The rows of docs/reliability.md: what happens, what must hold, and the file below test/faults that shows it. */
export const RELIABILITY_ROWS: readonly { row: number; happens: string; holds: string; file: string }[] = [
  {
    row: 1,
    happens: '`kill -9` the worker 100 times at random moments during 1,000 jobs',
    holds:
      '1,000 committed, 0 lost, 0 duplicates, 0 half-written; in tests 1 and 17 together at most 1 % of the model calls are repeated',
    file: '01-killed-worker.test.ts',
  },
  {
    row: 2,
    happens:
      '`kill -9` the worker before and after each stage (record, extract, embed, resolve, write, version, acknowledgement), 20 times each',
    holds: 'the same graph hash as an undisturbed run',
    file: '02-stage-boundaries.test.ts',
  },
  {
    row: 3,
    happens: 'eviction policy not `noeviction`, no append-only file, stalled limit too low',
    holds: 'at its start, the worker refuses to run or warns, and names the setting',
    file: '03-wrong-configuration.test.ts',
  },
  {
    row: 4,
    happens: 'Valkey killed and restarted 20 times at 200 enqueues per second, with `appendfsync always`',
    holds: '0 of the acknowledged texts lost',
    file: '04-valkey-killed.test.ts',
  },
  {
    row: 5,
    happens: 'Valkey down for 120 s while 500 episodes are stored with `spool: true`',
    holds: 'each call returns within 50 ms; all episodes are spooled and later committed once',
    file: '05-valkey-away.test.ts',
  },
  {
    row: 6,
    happens: 'Valkey out of memory',
    holds: 'each enqueue fails with an error message; nothing is lost silently',
    file: '06-out-of-memory.test.ts',
  },
  {
    row: 7,
    happens: 'FalkorDB down for 60 s during a run',
    holds: 'jobs wait without counting attempts; 0 dead letters; the next commit at most 30 s after FalkorDB is back',
    file: '07-falkordb-away.test.ts',
  },
  {
    row: 8,
    happens: 'FalkorDB killed during commits 50 times, with `appendfsync always`',
    holds: 'every acknowledged commit is present or applied again; 0 partial commits',
    file: '08-falkordb-killed.test.ts',
  },
  {
    row: 9,
    happens: 'FalkorDB loses the graph',
    holds: 'a rebuild from archive and journal gives the same graph hash, with 0 model calls',
    file: '09-falkordb-wiped.test.ts',
  },
  {
    row: 10,
    happens: 'each TCP connection becomes half-open: no data arrives, but it stays open',
    holds: 'detected within 30 s; nothing hangs; no duplicates',
    file: '10-half-open.test.ts',
  },
  {
    row: 11,
    happens: 'the model answers 429 with Retry-After for minutes',
    holds: '0 lost; no call before the delay is over; at most 5 % extra calls',
    file: '11-model-busy.test.ts',
  },
  {
    row: 12,
    happens: 'the model fails or times out on 30 % of calls',
    holds: 'all committed; at most 10 % of the answered calls repeated',
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
    holds: '`/health` is red within 60 s; all jobs become dead letters; a replay commits all',
    file: '14-model-refuses.test.ts',
  },
  {
    row: 15,
    happens: '50 poison jobs among 1,000',
    holds: 'exactly 50 dead letters with cause, payload and trace id; all other jobs committed',
    file: '15-poison.test.ts',
  },
  {
    row: 16,
    happens: '10,000 malformed inputs to command line, queue and library',
    holds:
      '0 crashes, 0 injections, nothing dropped silently: each input is refused with an error message or stored unchanged',
    file: '16-malformed-input.test.ts',
  },
  {
    row: 17,
    happens: 'each of 1,000 jobs delivered 10 times, also to 4 workers at the same time',
    holds: '1,000 episodes; the graph hash of an undisturbed run; at most 1 % of the model calls repeated',
    file: '17-delivered-again.test.ts',
  },
  {
    row: 18,
    happens: '50 groups of 100 episodes, 8 workers, random failures, random order of arrival',
    holds: 'the same graph hash as with ordered arrival',
    file: '18-shuffled.test.ts',
  },
  {
    row: 19,
    happens: '50 groups, 10,000 interleaved writes and reads, a canary word (unique to its group) in each text',
    holds: "0 canary words in another group's graph, cache or answer",
    file: '19-groups-apart.test.ts',
  },
  {
    row: 20,
    happens: 'a worker frozen past its lease while another commits, then resumed, 100 times',
    holds: 'all 100 late writes are refused',
    file: '20-frozen-worker.test.ts',
  },
  {
    row: 21,
    happens: 'SIGTERM under load 100 times',
    holds: 'the process exits within 10 s; no attempt is counted; 0 lost',
    file: '21-sigterm.test.ts',
  },
  {
    row: 22,
    happens: 'export cut at 20 random bytes; its worker killed; B2 fails (500, 503, 401, connection reset, slow)',
    holds: 'no partial archive is listed as complete; the next run completes the export; leftovers are removed',
    file: '22-cut-export.test.ts',
  },
  {
    row: 23,
    happens: 'one byte flipped in 100 archives',
    holds: '`archive verify` detects all 100; `archive restore` refuses them',
    file: '23-flipped-byte.test.ts',
  },
  {
    row: 24,
    happens: 'restore test: newest archive into an empty graph',
    holds: 'same graph hash, same answers to 200 queries at 5 dates',
    file: '24-restore-drill.test.ts',
  },
  {
    row: 25,
    happens: 'forget 200 canary words, each in a text, a name, a paraphrase, metadata, a session, a queue or a spool',
    holds:
      'none is left in graph, indexes, summaries, cached answers, cached model results, journal, logs, new archives or restored older ones; facts that other episodes support stay',
    file: '25-forget.test.ts',
  },
  {
    row: 26,
    happens: '200 nights with 3 schedulers whose clocks differ; one of them is killed with `kill -9` each night',
    holds: '200 nightly jobs, none twice, none missing; after a downtime of all schedulers exactly one job',
    file: '26-schedule.test.ts',
  },
];
