import * as z from 'zod/mini';
import { isForeseen } from '../../../errors.ts';
import type { MemoryManager } from '../../../memory.ts';
import type { EpisodeReceipt } from '../../../queue/producer.ts';
import { SECOND } from '../../../time.ts';
import { date, text, timeOf } from '../arguments.ts';
import { fact, factShape, node, nodeShape, replyShape } from '../shapes.ts';
import { ASKED_WITHIN, defineTool } from '../tool.ts';
import { handIn, RECEIPT, receiptOf } from './add-memory.ts';

/** No model reads it, so that it is mostly there by then. */
const SHOWN_WITHIN = 3 * SECOND;

export const addTriplet = defineTool({
  name: 'add_triplet',
  title: 'Remember one fact',
  description:
    'Stores one fact as it is given, without a model that reads it: source, relation, target and a sentence.',
  effect: 'adds',
  input: z.object({
    source_node_name: text('Who or what the fact is about'),
    edge_name: text('The relation, such as WORKS_FOR'),
    fact: text('The fact as a sentence that is understood alone'),
    target_node_name: text('The other person or thing'),
    group_id: z.optional(text('The memory to store it in')),
    valid_at: z.optional(date('Since when it holds; default: now')),
    invalid_at: z.optional(date('Until when it held; default: it holds')),
  }),
  output: replyShape({ ...RECEIPT, nodes: z.array(nodeShape), edges: z.array(factShape) }),
  limit: ASKED_WITHIN,
  together: ({ edge_name, target_node_name }) => `${edge_name}: ${target_node_name}`.replaceAll('_', ' '),
  async run(given, call) {
    const { memory } = call;
    const group = call.group(given.group_id);
    const validAt = timeOf(given.valid_at, 'valid_at');
    const invalidAt = timeOf(given.invalid_at, 'invalid_at');
    const { source_node_name: source, edge_name: relation, target_node_name: target } = given;
    const triplet = {
      source,
      relation,
      target,
      fact: given.fact,
      ...(validAt && { validAt }),
      ...(invalidAt && { invalidAt }),
    };
    const receipt = await handIn(memory, (spool) =>
      memory.enqueueFact(triplet, null, { group, spool, sourceDescription: 'mcp' }),
    );
    const stored = await committed(memory, receipt, group);
    const own = receiptOf(receipt, group);
    const what = `Triplet '${source} -[${relation}]-> ${target}'`;
    if (!stored)
      return {
        message: `${what} ${receipt.spooled ? 'kept on disk until Valkey answers' : 'queued'}`,
        ...own,
        nodes: [],
        edges: [],
      };
    return {
      message: `${what} added`,
      ...own,
      state: 'committed',
      nodes: stored.entities.map((entity) => node(entity, group)),
      edges: stored.facts.map((edge) => fact(edge, group)),
    };
  },
});

/** What came of it, if that shows soon. */
async function committed(memory: MemoryManager, receipt: EpisodeReceipt, group: string) {
  if (receipt.spooled) return undefined;
  try {
    if ((await memory.countWorkers('store')) === 0) return undefined;
    await memory.waitFor(receipt, { timeoutMs: SHOWN_WITHIN });
    return await memory.episodes.getExtracted([receipt.uuid], { group });
  } catch (error) {
    // It is stored; only a fact that cannot be one is a failure of this call.
    if (isForeseen(error) && error.name !== 'JobFailedError') return undefined;
    throw error;
  }
}
