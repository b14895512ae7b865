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

/** `count` texts of pieces that trip parsers up; the same ones for the same seed. */
export function* rubbish(seed: number, count: number): Generator<string> {
  const chance = random(seed);
  const below = (most: number) => Math.floor(chance() * most);
  for (let made = 0; made < count; made += 1) {
    const glue = chance() < 0.5 ? '' : ' ';
    yield Array.from({ length: 1 + below(12) }, () => PIECES[below(PIECES.length)]).join(glue);
  }
}

/** Mulberry32: numbers from 0 to 1 that only depend on the seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
