import { expect, test } from 'vitest';
import { changesBetween } from '../support/faults/canonical-graph.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueue, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import type { Message, WireProxy } from '../support/faults/proxy.ts';
import { record } from '../support/faults/results.ts';
import { isBegin, isWrite } from '../support/faults/stages.ts';
import { makeStory, type StoryEpisode } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import type { WorkerProcess } from '../support/faults/worker-process.ts';
import type { WholeGraph } from '../support/graphiti/whole-graph.ts';

const testbed = useTestbed({}, { takeover: 'soon' });
const sent = repetitions({ full: 100, small: 3 });
const early = repetitions({ full: 20, small: 1 });
const times = sent + early;
/** The first is frozen in mid-commit, the second is committed meanwhile, the third shows when the resumed worker is done. */
const EACH = 3;

interface Hand {
  readonly worker: WorkerProcess;
  readonly falkordb: WireProxy;
}

/**
 * Two workers, each with a way of its own to FalkorDB. The one that takes the first episode is frozen after it began to read for
 * its commit, or when its write is on the way already: that one reaches the graph late whatever the worker may notice when it
 * wakes, and only the graph can refuse it.
 */
test(`20. ${times} workers frozen past their lease write nothing after they resume`, async () => {
  const began = Date.now();
  const { config, memory, via } = testbed.scenario();
  const { group } = config;
  const hands = await Promise.all(
    [1, 2].map(async (): Promise<Hand> => {
      const { falkordb } = await testbed.proxies();
      return { falkordb, worker: await via({ falkordb }).worker().ready() };
    }),
  );
  const episodes = makeStory(group, EACH * times, 'frozen');
  const late = { refused: 0, neverSent: 0 };

  for (let time = 0; time < times; time += 1) {
    const [first, second, third] = episodes.slice(EACH * time, EACH * (time + 1)) as [
      StoryEpisode,
      StoryEpisode,
      StoryEpisode,
    ];
    const isSent = time < sent;
    const catching = catchOne(hands, group, isSent);
    await enqueue(memory, first);
    const caught = await catching;
    const other = hands.find((it) => it !== caught.hand) as Hand;
    await enqueue(memory, second);
    await untilDone(memory, EACH * time + 2);

    const changes = isSent ? await letLateWritePass(caught, group) : watchLateWrite(caught.hand, group, first, third);
    caught.wake();
    // Only the resumed worker is left to take the third, after it is done with the first.
    other.worker.signal('SIGSTOP');
    await enqueue(memory, third);
    await untilDone(memory, EACH * time + 3);
    other.worker.signal('SIGCONT');

    expect(changes.flat()).toEqual([]);
    late[changes.length > 0 ? 'refused' : 'neverSent'] += 1;
  }

  expect(late.refused).toBeGreaterThanOrEqual(sent);
  expect(inspectGraph(await testbed.wholeGraph(group), episodes)).toEqual(NO_DEFECTS);
  expect(await memory.getJobCounts('store')).toMatchObject({ completed: EACH * times, failed: 0 });
  expect(hands.map(({ worker }) => worker.hasEnded())).toEqual([false, false]);

  record({
    row: 20,
    ran: `${sent} workers frozen after they sent their write, ${early} before, until another worker had committed`,
    came: `${late.refused} late writes, all refused; ${late.neverSent} writes not sent, because the worker noticed that its lease was over`,
    took: Date.now() - began,
    figures: late,
  });
});

interface Caught {
  readonly hand: Hand;
  wake(): void;
  /** Releases the message that the proxy holds. */
  letPass(): void;
  /** The server has answered the held message; the answer is held until `done`. */
  readonly answered: Promise<void>;
  done(): void;
}

/** Freezes the worker that commits next, and holds its write or the answer to its first read. */
function catchOne(hands: readonly Hand[], group: string, isSent: boolean): Promise<Caught> {
  const { promise, resolve } = Promise.withResolvers<Caught>();
  // The next message of the other worker uses up its watch.
  let isCaught = false;
  for (const hand of hands) {
    let isMine = false;
    const [passed, answered, done] = [1, 2, 3].map(() => Promise.withResolvers<void>()) as [Gate, Gate, Gate];
    const freeze = async (): Promise<'forward'> => {
      if (isCaught) return 'forward';
      isCaught = isMine = true;
      hand.worker.signal('SIGSTOP');
      const wake = () => {
        hand.worker.signal('SIGCONT');
        passed.resolve();
      };
      resolve({ hand, wake, letPass: passed.resolve, answered: answered.promise, done: done.resolve });
      await passed.promise;
      return 'forward';
    };
    const isOwn = (command: Message) => isCaught || (isSent ? isWrite : isBegin)(command, group);
    const after = async (): Promise<'forward'> => {
      if (!isMine) return 'forward';
      answered.resolve();
      await done.promise;
      return 'forward';
    };
    hand.falkordb.intercept({ matches: isOwn, ...(isSent ? { before: freeze, after } : { after: freeze }) });
  }
  return promise;
}

type Gate = PromiseWithResolvers<void>;

/** The write reaches the graph while its sender is still frozen. Returns the changes. */
async function letLateWritePass(caught: Caught, group: string): Promise<string[][]> {
  const before = await testbed.wholeGraph(group);
  caught.letPass();
  await caught.answered;
  const after = await testbed.wholeGraph(group);
  caught.done();
  return [changesBetween(before, after)];
}

/** The changes that the late write makes in the graph; empty when there are none. */
function watchLateWrite({ falkordb }: Hand, group: string, first: StoryEpisode, third: StoryEpisode): string[][] {
  const changes: string[][] = [];
  let before: WholeGraph = { group, nodes: [], edges: [] };
  // The third is recorded meanwhile; its note, passages and statements contain its name in lower case.
  const ofThird = third.ownFact.toLowerCase();
  falkordb.intercept({
    matches: (command) => isWrite(command, group) && command.join().includes(first.uuid),
    before: async (): Promise<'forward'> => {
      before = await testbed.wholeGraph(group);
      return 'forward';
    },
    after: async (): Promise<'forward'> => {
      const all = changesBetween(before, await testbed.wholeGraph(group));
      changes.push(all.filter((line) => !line.toLowerCase().includes(ofThird)));
      return 'forward';
    },
  });
  return changes;
}
