/** A number with its noun: `1 fact`, `2 facts`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;
