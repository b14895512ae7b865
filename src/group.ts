import { InvalidInputError } from './errors.ts';
import { truncated } from './text.ts';

/** The group that is used where none is named, as in Graphiti. */
export const DEFAULT_GROUP = '_';

const DEFAULT_GRAPH = 'default_db';
const GROUP_ID = /^[a-zA-Z0-9_-]{1,128}$/;

/**
 * A group is one isolated memory. Its id is also its graph's name and stands inside keys, so its letters are few.
 * @throws InvalidInputError
 */
export function checkGroup(group: string): string {
  if (group === DEFAULT_GRAPH)
    throw new InvalidInputError(
      `"${DEFAULT_GRAPH}" is the graph of the default group; name that group "${DEFAULT_GROUP}".`,
    );
  if (typeof group === 'string' && GROUP_ID.test(group)) return group;
  throw new InvalidInputError(
    `The group "${truncated(String(group), 40)}" is not a valid name; use 1 to 128 letters, digits, hyphens and underscores.`,
  );
}

/** Graphiti keeps the default group in a graph of another name; every other graph is named after its group. */
export function graphName(group: string): string {
  return group === DEFAULT_GROUP ? DEFAULT_GRAPH : group;
}

/** The group whose graph is of that name; undefined for a graph that no group can have. */
export function groupOf(graph: string): string | undefined {
  if (graph === DEFAULT_GRAPH) return DEFAULT_GROUP;
  return graph !== DEFAULT_GROUP && GROUP_ID.test(graph) ? graph : undefined;
}
