/** The default memory is called `_`, which says nothing to people who have never chosen a name. */
export const memoryName = (group: string): string => (group === '_' ? '_ (default)' : group);
