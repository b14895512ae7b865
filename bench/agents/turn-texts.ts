/** The question and the answer of a bench's turn. */
export const questionOf = (id: string): string => `Question ${id} is asked.`;
export const answerOf = (id: string): string => `The answer of ${id} is given.`;
