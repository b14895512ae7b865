// Character codes instead of patterns, because these functions run up to forty times for each name in a text.
const [DIGIT_0, DIGIT_9, UPPER_A, UPPER_Z, LOWER_A, LOWER_Z] = [48, 57, 65, 90, 97, 122];
const [HYPHEN, UNDERSCORE] = [45, 95];

export const isDigitCode = (code: number): boolean => code >= DIGIT_0 && code <= DIGIT_9;
export const isUpperCode = (code: number): boolean => code >= UPPER_A && code <= UPPER_Z;
export const isLowerCode = (code: number): boolean => code >= LOWER_A && code <= LOWER_Z;
export const isLetterCode = (code: number): boolean => isLowerCode(code) || isUpperCode(code);
/** `\w` */
export const isWordCode = (code: number): boolean => isLetterCode(code) || isDigitCode(code) || code === UNDERSCORE;
/** `[\w-]` */
export const isWordOrHyphenCode = (code: number): boolean => isWordCode(code) || code === HYPHEN;
