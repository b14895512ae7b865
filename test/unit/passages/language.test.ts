import { expect, test } from 'vitest';
import { languageOf } from '../../../src/passages/language.ts';
import { queryTerms, termsOf } from '../../../src/passages/terms.ts';

test.each([
  ['Die Rechnungen müssen zehn Jahre aufbewahrt werden.', 'Wie lange wird eine Rechnung aufbewahrt?', 'rechnung'],
  ['Les factures doivent être conservées dix ans.', 'Pendant combien de temps conserver une facture ?', 'factur'],
  ['Las facturas se guardan durante diez años.', '¿Cuánto tiempo se guarda la factura?', 'factur'],
  ['As faturas são guardadas durante dez anos.', 'Por quanto tempo se guarda uma fatura?', 'fatur'],
  ['Счета хранятся в архиве десять лет.', 'Сколько лет хранится счёт в архиве?', 'архив'],
])('%s is found by other forms of its words', (text, question, term) => {
  const shared = queryTerms(question).filter((one) => termsOf(text).includes(one));

  expect(shared).toContain(term);
  expect(shared.length).toBeGreaterThanOrEqual(2);
});

test.each([
  'The invoices are kept for ten years.',
  'Die Hard is a film that we watched in the office.',
  'checkout-web 3.2.1',
  'npm install --save-dev vitest',
  'De la Cruz joined Harbor.',
  '支付模块的超时时间改为 8 秒。',
])('%s is stemmed as English or not at all', (text) => {
  expect(languageOf(text)).toBeNull();
});

test('words of another language are also found by a question whose language is not known', () => {
  expect(termsOf('Die Rechnungen werden im Archiv aufbewahrt.')).toEqual(
    expect.arrayContaining(queryTerms('Rechnungen')),
  );
});

test('accents, identifiers and versions stay as they are in every language', () => {
  const terms = termsOf('Der Dienst `checkout-web` läuft über Café 0.27.3 und wird nicht geändert.');

  expect(terms).toEqual(expect.arrayContaining(['checkout_web', 'checkout', 'web', 'cafe', '0_27_3', '0_27', 'lauft']));
  expect(terms).not.toContain('der');
});

test('passages that were analysed before other languages were known are still found', () => {
  expect(queryTerms('Wie lange werden die Rechnungen aufbewahrt?')).toEqual(
    expect.arrayContaining(['rechnungen', 'aufbewahrt']),
  );
});
