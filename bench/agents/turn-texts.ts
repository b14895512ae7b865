/** What a turn of a bench asks and is answered. */
export const questionOf = (id: string): string => `Question ${id} is asked.`;
export const answerOf = (id: string): string => `The answer of ${id} is given.`;
