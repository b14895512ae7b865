import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { InvalidInputError } from '../../errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  PropertyNameExpected: 'a key in double quotes is missing',
  ValueExpected: 'a value is missing',
  ColonExpected: 'a ":" is missing',
  CommaExpected: 'a "," is missing',
  CloseBraceExpected: 'a "}" is missing',
  CloseBracketExpected: 'a "]" is missing',
  EndOfFileExpected: 'there is more after the end',
  UnexpectedEndOfComment: 'a comment does not end',
  UnexpectedEndOfString: 'a string does not end on its line',
  UnexpectedEndOfNumber: 'a number does not end',
};
const INVALID_STRING = /^Invalid(?:Unicode|EscapeCharacter|Character)$/;

/**
 * Reads JSON with comments and trailing commas, as opencode takes it.
 * @throws InvalidInputError naming the line that cannot be read
 */
export function parseJsonc(text: string): Node {
  const errors: ParseError[] = [];
  // The parser refuses a byte order mark; a space keeps every offset.
  const root = tree(text.replace(/^\uFEFF/, ' '), errors);
  const [error] = errors;
  if (root && !error) return root;
  const offset = error?.offset ?? text.length;
  throw new InvalidInputError(`line ${text.slice(0, offset).split('\n').length}: ${reasonOf(error, text)}`);
}

/** The value of a node, in plain objects; `getNodeValue` returns objects without a prototype. */
export function plainValue({ type, children = [], value }: Node): unknown {
  if (type === 'array') return children.map(plainValue);
  if (type !== 'object') return value;
  return Object.fromEntries(
    children.map(({ children: [key, inner] = [] }) => [key?.value, inner && plainValue(inner)]),
  );
}

/** Where a node's text ends. */
export const endOf = (node: Node): number => node.offset + node.length;

/** The next offset that is neither white space nor comment. */
export function skipTrivia(text: string, from: number): number {
  const scanner = createScanner(text, true);
  scanner.setPosition(from);
  scanner.scan();
  return scanner.getTokenOffset();
}

function tree(text: string, errors: ParseError[]): Node | undefined {
  try {
    return parseTree(text, errors, { allowTrailingComma: true });
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidInputError('it is nested too deep', { cause: error });
    throw error;
  }
}

function reasonOf(error: ParseError | undefined, text: string): string {
  const code = error ? printParseErrorCode(error.error) : 'ValueExpected';
  if (INVALID_STRING.test(code)) return 'a string holds what JSON does not allow';
  return REASONS[code] ?? `"${text[error?.offset ?? 0]}" is not expected there`;
}
