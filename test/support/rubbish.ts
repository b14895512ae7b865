import { random } from './random.ts';

const PIECES = [
  ...'"\'`\\|@{}[]()<>*%-~$:;,.!?#^&=+/_ \t\n\r',
  ...['\0', '\u202e', '\ufeff', '\u2028', '\ud800', '\udc00', '🚀', 'é', 'שלום', '数据库', 'ß', 'İ'],
  ...[
    'the',
    'and',
    'NOT',
    'OR',
    'MATCH (n)',
    'DELETE n',
    '//',
    '/*',
    'RETURN',
    'CALL',
    '$x',
    'null',
    'NaN',
    '0',
    '1e999',
  ],
  ...['Harbor', 'uses', 'Redis', 'word', '@fact:', '\\"', '\\u0000', '%%', '=>', '{{', '${', '<script>'],
];

/** `count` texts from pieces that are hard for parsers; deterministic for a seed. */
export function* randomTexts(seed: number, count: number): Generator<string> {
  const chance = random(seed);
  const below = (most: number) => Math.floor(chance() * most);
  for (let made = 0; made < count; made += 1) {
    const glue = chance() < 0.5 ? '' : ' ';
    yield Array.from({ length: 1 + below(12) }, () => PIECES[below(PIECES.length)]).join(glue);
  }
}
