import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { identityRules } from './rules/identity.ts';
import { propertyRules } from './rules/properties.ts';
import { referenceRules } from './rules/references.ts';
import { structureRules } from './rules/structure.ts';
import { timeRules } from './rules/time.ts';
import { type WholeGraph, wholeGraph } from './whole-graph.ts';

/** @returns a sentence for each violation of the rule */
export type Rule = (graph: WholeGraph) => string[];

/**
 * Checks everything that graphiti_core 0.29 relies on when it reads or writes our graphs (`docs/graphiti.md`), for
 * every node and every edge. Returns one sentence for each violation.
 * @param attributes names of the attributes that the users' own types have
 */
export async function checklist(graph: GroupGraph, attributes: readonly string[] = []): Promise<string[]> {
  const whole = await wholeGraph(graph);
  return [...structureRules, ...propertyRules(attributes), ...identityRules, ...referenceRules, ...timeRules].flatMap(
    (rule) => rule(whole),
  );
}
