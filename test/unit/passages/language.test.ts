import { expect, test } from 'vitest';
import { languageOf } from '../../../src/passages/language.ts';
import { queryTerms, termsOf } from '../../../src/passages/terms.ts';

test.each([
  ['Die Lieferungen werden jeden Morgen geprüft.', 'Wann wird eine Lieferung geprüft?', 'liefer'],
  ['Les livraisons sont vérifiées chaque matin.', 'Quand est-ce que la livraison est vérifiée ?', 'livraison'],
  ['Las entregas se revisan cada mañana.', '¿Cuándo se revisa la entrega?', 'entreg'],
  ['As entregas são verificadas de manhã.', 'Quando é que uma entrega é verificada?', 'entreg'],
  ['Поставки проверяются на складе каждое утро.', 'Когда проверяется поставка на складе?', 'склад'],
])('%s is found by other forms of its words', (text, question, term) => {
  const shared = queryTerms(question).filter((one) => termsOf(text).includes(one));

  expect(shared).toContain(term);
  expect(shared.length).toBeGreaterThanOrEqual(2);
});

test.each([
  'The deliveries are checked every morning.',
  'Die Hard is a film that we watched in the office.',
  'checkout-web 3.2.1',
  'npm install --save-dev vitest',
  'De la Cruz joined Harbor.',
  '支付模块的超时时间改为 8 秒。',
])('%s is stemmed as English or not at all', (text) => {
  expect(languageOf(text)).toBeNull();
});

test('a question in an undetected language also finds words of other languages', () => {
  expect(termsOf('Die Lieferungen werden im Lager geprüft.')).toEqual(
    expect.arrayContaining(queryTerms('Lieferungen')),
  );
});

test('accents, identifiers and versions are unchanged in every language', () => {
  const terms = termsOf('Der Dienst `checkout-web` läuft über Café 0.27.3 und wird nicht geändert.');

  expect(terms).toEqual(expect.arrayContaining(['checkout_web', 'checkout', 'web', 'cafe', '0_27_3', '0_27', 'lauft']));
  expect(terms).not.toContain('der');
});

test('passages analysed before other languages were supported are still found', () => {
  expect(queryTerms('Wann werden die Lieferungen geprüft?')).toEqual(
    expect.arrayContaining(['lieferungen', 'gepruft']),
  );
});
