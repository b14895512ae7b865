import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { identityRules } from './rules/identity.ts';
import { propertyRules } from './rules/properties.ts';
import { referenceRules } from './rules/references.ts';
import { structureRules } from './rules/structure.ts';
import { timeRules } from './rules/time.ts';
import { type WholeGraph, wholeGraph } from './whole-graph.ts';

/** Gives a sentence for each place at which a graph breaks the rule. */
export type Rule = (graph: WholeGraph) => string[];

/**
 * Everything that graphiti_core 0.29 relies on when it reads or writes a graph that we wrote (`docs/graphiti.md`), asked of
 * every node and every edge. Gives one sentence for each violation; none for a sound graph.
 * @param attributes names of the attributes that the users' own types have
 */
export async function checklist(graph: GroupGraph, attributes: readonly string[] = []): Promise<string[]> {
  const whole = await wholeGraph(graph);
  return [...structureRules, ...propertyRules(attributes), ...identityRules, ...referenceRules, ...timeRules].flatMap(
    (rule) => rule(whole),
  );
}
