import * as z from 'zod/mini';
import { isOperationalError } from '../../../errors.ts';
import type { MemoryManager } from '../../../memory.ts';
import type { EpisodeReceipt } from '../../../queue/producer.ts';
import { SECOND } from '../../../time.ts';
import { dateArgument, parseTimeArgument, textArgument } from '../arguments.ts';
import { factShape, nodeShape, replyShape, toFactReply, toNodeReply } from '../reply-shapes.ts';
import { defineTool, READ_TIMEOUT } from '../tool.ts';
import { enqueueOrSpool, RECEIPT_FIELDS, receiptOf } from './add-memory.ts';

/** No model reads a fact, so it is usually committed within this time. */
const SHOWN_WITHIN = 3 * SECOND;

export const addTripletTool = defineTool({
  name: 'add_triplet',
  title: 'Remember one fact',
  description:
    'Stores one fact as it is given, without a model that reads it: source, relation, target and a sentence.',
  effect: 'adds',
  input: z.object({
    source_node_name: textArgument('The person or thing that the fact is about'),
    edge_name: textArgument('The relation, such as WORKS_FOR'),
    fact: textArgument('The fact as a sentence that can be understood alone'),
    target_node_name: textArgument('The other person or thing'),
    group_id: z.optional(textArgument('The memory to store it in')),
    valid_at: z.optional(dateArgument('The date from which the fact holds; default: now')),
    invalid_at: z.optional(dateArgument('The date at which the fact ended; default: it still holds')),
  }),
  output: replyShape({ ...RECEIPT_FIELDS, nodes: z.array(nodeShape), edges: z.array(factShape) }),
  limit: READ_TIMEOUT,
  combined: ({ edge_name, target_node_name }) => `${edge_name}: ${target_node_name}`.replaceAll('_', ' '),
  async run(args, call) {
    const { memory } = call;
    const group = call.group(args.group_id);
    const validAt = parseTimeArgument(args.valid_at, 'valid_at');
    const invalidAt = parseTimeArgument(args.invalid_at, 'invalid_at');
    const { source_node_name: source, edge_name: relation, target_node_name: target } = args;
    const triplet = {
      source,
      relation,
      target,
      fact: args.fact,
      ...(validAt && { validAt }),
      ...(invalidAt && { invalidAt }),
    };
    const receipt = await enqueueOrSpool(memory, (spool) =>
      memory.enqueueFact(triplet, null, { group, spool, sourceDescription: 'mcp' }),
    );
    const stored = await committed(memory, receipt, group);
    const reply = receiptOf(receipt, group);
    const label = `Triplet '${source} -[${relation}]-> ${target}'`;
    if (!stored)
      return {
        message: `${label} ${receipt.spooled ? 'kept on disk until Valkey answers' : 'queued'}`,
        ...reply,
        nodes: [],
        edges: [],
      };
    return {
      message: `${label} added`,
      ...reply,
      state: 'committed',
      nodes: stored.entities.map((entity) => toNodeReply(entity, group)),
      edges: stored.facts.map((edge) => toFactReply(edge, group)),
    };
  },
});

/** The stored fact, if a worker commits it in time. */
async function committed(memory: MemoryManager, receipt: EpisodeReceipt, group: string) {
  if (receipt.spooled) return undefined;
  try {
    if ((await memory.getWorkerCount('store')) === 0) return undefined;
    await memory.waitFor(receipt, { timeoutMs: SHOWN_WITHIN });
    return await memory.episodes.getExtracted([receipt.uuid], { group });
  } catch (error) {
    // The episode is stored; only an invalid fact is a failure of this call.
    if (isOperationalError(error) && error.name !== 'JobFailedError') return undefined;
    throw error;
  }
}
