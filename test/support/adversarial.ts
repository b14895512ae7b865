import { type AST, RegExpParser } from '@eslint-community/regexpp';

/** A text that slows a pattern down: a prefix once, and a part that is repeated. */
export interface HostileShape {
  readonly name: string;
  readonly head: string;
  readonly unit: string;
}

export const hostileText = ({ head, unit }: HostileShape, length: number): string =>
  (head + unit.repeat(Math.ceil(Math.max(0, length - head.length) / unit.length))).slice(0, length);

/**
 * Texts that slow a pattern down, derived from the pattern: a row of beginnings that nearly match, and for every repetition
 * the prefix that leads to it and then the repeated part without an end, once and many times.
 */
export function hostileShapes(patterns: readonly RegExp[]): HostileShape[] {
  const shapes = new Map<string, HostileShape>();
  for (const pattern of patterns) {
    const { pattern: tree } = new RegExpParser().parseLiteral(pattern.toString());
    for (const way of ways(tree)) {
      const text = way.map(({ text }) => text).join('');
      add(text.slice(0, -1) || text, '');
      add(`${text} `, '');
      let before = '';
      for (const { text: one, pump } of way) {
        if (pump !== undefined && pump !== '') {
          add(pump, before);
          add(before + pump.repeat(40), '');
          add(`${before}${pump}${pump}-`, '');
        }
        before += one;
      }
    }
  }
  return [...shapes.values()];

  function add(unit: string, head: string): void {
    if (unit === '') return;
    const name = JSON.stringify(`${head.slice(0, 40)}…${unit.slice(0, 60)}`);
    if (!shapes.has(name)) shapes.set(name, { name, head, unit });
  }
}

interface Piece {
  /** The shortest text that this part takes. */
  readonly text: string;
  /** The part that it may repeat. */
  readonly pump?: string;
}
type Way = readonly Piece[];

/** Maximum number of alternatives tried inside a pattern. At the top level all are tried. */
const INNER = 3;

function ways(tree: AST.Pattern): Way[] {
  return tree.alternatives.flatMap((one) => sequence(one.elements, Number.POSITIVE_INFINITY));
}

function sequence(elements: readonly AST.Element[], most: number): Way[] {
  let made: Way[] = [[]];
  for (const element of elements) {
    const parts = partsOf(element, most);
    const next = made.flatMap((way) => parts.map((part) => [...way, ...part]));
    // All combinations of choices would be too many, so each choice is tried only with the first prefix that leads to it.
    made = next.length > 40 && most < 40 ? next.slice(0, 40) : next;
  }
  return made;
}

function partsOf(element: AST.Element, most: number): Way[] {
  switch (element.type) {
    case 'Character':
      return [[{ text: String.fromCodePoint(element.value) }]];
    case 'CharacterSet':
    case 'CharacterClass':
    case 'ExpressionCharacterClass':
      return [[{ text: memberOf(element.raw) }]];
    case 'Group':
    case 'CapturingGroup':
      return element.alternatives.slice(0, most).flatMap((one) => sequence(one.elements, INNER));
    case 'Quantifier': {
      const inner = partsOf(element.element, INNER);
      const repeated = element.max > element.min && element.max > 1;
      return inner.slice(0, most).map((way) => {
        const text = way.map((piece) => piece.text).join('');
        return [{ text: text.repeat(element.min), ...(repeated && { pump: text }) }];
      });
    }
    default:
      return [[{ text: '' }]];
  }
}

const CANDIDATES = [
  'a',
  'A',
  '1',
  '-',
  '_',
  ' ',
  '/',
  '.',
  ':',
  '"',
  "'",
  '\\',
  '=',
  '+',
  '\n',
  '%',
  '@',
  '>',
  ';',
  '<',
  '\u200B',
];

function memberOf(raw: string): string {
  const one = new RegExp(`^${raw}$`, 'u');
  return CANDIDATES.find((text) => matches(one, text)) ?? 'a';
}

function matches(pattern: RegExp, text: string): boolean {
  return pattern.test(text);
}
