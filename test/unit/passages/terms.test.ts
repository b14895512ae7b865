import { expect, test } from 'vitest';
import { queryTerms, termsOf } from '../../../src/passages/terms.ts';

const cases: [string, string][] = [
  ['How are the flashed boards calibrated?', 'flash board calibr'],
  ['`docker build -t checkout-web .`', 'dock build t checkout_web checkout web'],
  ['What uses us?', 'us'],
  ['src/main.ts:42', 'src_main_ts_42 src main ts'],
  ['debounceMs HTTPServer MAX_SPEED', 'debouncem debounc ms httpserv http serv max_speed max speed'],
  ['Y_TOP_RATE and eMail', 'y_top_rate y top rate email mail'],
  ['owner owns, deployment deploys, runner runs', 'own own deploi deploi run run'],
  ['probe-rs 0.27.1, v2.6, #491', 'probe_rs probe rs 0_27 0_27_1 2_6 491'],
  ['C++ and C#', 'c_plus c_sharp'],
  ["Tomasz's board doesn't reset", 'tomasz board reset'],
  ['Café Ångström Straße µl', 'cafe angstrom strass μl'],
  ['café', 'cafe'],
  ['[`start.ts`](command:editor.open?%5B%22a%22%5D "a/start.ts")', 'start_ts start ts'],
  ['港口项目的会话', '港口 口项 项目 目的 的会 会话'],
  ['昨天把Redis换成了Valkey', '昨天 天把 redi 换成 成了 valkei'],
  ['ภาษาไทย', 'ภา าษ ษา าไ ไท ทย'],
];

test.each(cases)('%j', (text, terms) => {
  expect(termsOf(text).join(' ')).toBe(terms);
});

test('a question has the same terms as the matching text, each once', () => {
  expect(queryTerms('Which checkout-web? checkout-web!')).toEqual(['checkout_web', 'checkout', 'web']);
});

test('question words are not terms unless there is nothing else', () => {
  expect(queryTerms('How long do we keep the logs?')).toEqual(['keep', 'log']);
  expect(queryTerms('Which database do we use?')).toEqual(['databas']);
  expect(queryTerms('What became of Koloshadalo?')).toEqual(['koloshadalo']);
  expect(queryTerms('What happened to the Lisbon office?')).toEqual(['lisbon', 'offic']);
  expect(queryTerms('Where does the session database lie?')).toEqual(['session', 'databas']);
  expect(queryTerms('Did Mira lie?')).toEqual(['mira', 'lie']);
  expect(queryTerms('How do I use it?')).toEqual(['us']);
});

test('terms contain nothing that the index could read as query syntax', () => {
  const text = '@content:{secret} | (*) ~"near" %%fuzzy%% -"not" $param => [a TO b] \\ \' ; , . ! שלום';
  expect(termsOf(text).filter((term) => !/^[\p{L}\p{N}\p{M}_]+$/u.test(term))).toEqual([]);
});

test.each([
  "The checkout-web build can't read `src/app.config.ts` at 127.0.0.1:8080 (#491).",
  'C# and c++ ship v1.27.3; see C:\\temp\\log_1 or mail ops@harbor.io',
  '[run](command:editor.open?%7B%22a%22:1%7D) the task twice',
])('ASCII text has the same terms with and without the fast path: %s', (text) => {
  expect(termsOf(`${text} ‹›`)).toEqual(termsOf(text));
});
