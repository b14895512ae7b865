/** Comparison of English words. */

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

/** Words that carry no information about the subject of a sentence. */
const EMPTY = words(`
  a an the this that these those its it our we us my i you your their they them his her he she one ones
  is are was were be been being am do does did done has have had having will would shall
  of in on at to for from by with as into onto over under via through off out up about than per within without during
  and or but so then there here which who whom whose that what when where
  very just really quite simply already again now currently today nowadays still only all any each every both
  also too new old same such longer more back please yes no not instead since until effective starting`);

export const isStopword = (lower: string): boolean => EMPTY.has(lower);

/** Different words for one relation, so that "the owner of X" and "owns X" compare as equal. */
const ALIKE = new Map([
  ['owner', 'own'],
  ['ownership', 'own'],
  ['leadership', 'lead'],
  ['leader', 'lead'],
  ['led', 'lead'],
  ['maintainer', 'maintain'],
  ['manager', 'manag'],
  ['name', 'call'],
  ['nam', 'call'],
  ['used', 'use'],
  ['using', 'use'],
  ['ran', 'run'],
  ['stood', 'stand'],
  ['built', 'build'],
  ['written', 'writ'],
  ['kept', 'keep'],
  ['sent', 'send'],
  ['held', 'hold'],
  ['went', 'go'],
  ['gone', 'go'],
]);

/**
 * A word without its ending, in lower case: "renders", "rendered" and "rendering" have the same stem. Names with digits or signs stay
 * unchanged. It removes less than the stemmers of search (`passages/terms.ts`): if "server" and "serve" were the same, a search would only
 * find too much, but a statement would wrongly end another. Keys of stored statements contain stems, so a change needs a migration.
 */
export function stem(word: string): string {
  const lower = word
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['’]s?$/, '');
  if (!/^\p{L}+$/u.test(lower)) return lower;
  const cut = withoutEnding(lower);
  return ALIKE.get(lower) ?? ALIKE.get(cut) ?? cut;
}

function withoutEnding(word: string): string {
  let cut = word;
  if (/ies$/.test(cut) && cut.length > 4) cut = cut.replace(/ies$/, 'y');
  else if (/(?:ss|x|z|ch|sh)es$/.test(cut)) cut = cut.slice(0, -2);
  else if (/[^sui]s$/.test(cut) && cut.length > 3) cut = cut.slice(0, -1);
  if (/[^aeiou]ied$/.test(cut)) cut = cut.replace(/ied$/, 'y');
  else if (/(?:[aeiouy][^aeiou]{1,3}|[aeiou]{2,})(?:ed|ing)$/.test(cut) && cut.length > 4)
    cut = cut.replace(/(?:ed|ing)$/, '').replace(/([bdfgmnprt])\1$/, '$1');
  return cut.length > 3 ? cut.replace(/e$/, '') : cut;
}

const ENGLISH = words(`
  the a an of to in on at is are was were be been has have had and or not with for from by as it its this that we our i you
  they their he she will now no uses use runs if when than then any only all our my me us but so until since because after before`);
const FOREIGN = words(`
  der die das und ist nicht ein eine einer eines dem den des mit für auf im am zum zur von vom wird werden sind wir ich sie es
  auch bei aus nach noch nur über
  el la los las de del que y en un una por para con se su al es son está esta este como pero nuestro lo le
  les du et est dans une sur pour avec sont au aux ce cette nous vous ne pas qui
  il lo gli di da che non per sono della nel nella
  o os as um uma do em no na não com são het een van voor niet op met zijn och att det på är som av til er ikke`);

const GERMAN = words(
  `der die das und ist nicht ein eine einer den dem des mit für auf im zum zur von vom wird wir ich sind bei`,
);

/** German capitalizes all nouns. */
export function isGerman(text: string): boolean {
  const all = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  return !isEnglish(text) && all.some((word) => GERMAN.has(word));
}

/** False for a sentence that is mostly in another language: rules for English would misread it. */
export function isEnglish(text: string): boolean {
  if (!isMostlyLatin(text)) return false;
  let [english, foreign] = [0, 0];
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    if (ENGLISH.has(word)) english += 1;
    else if (FOREIGN.has(word)) foreign += 1;
  }
  return foreign <= english;
}

function isMostlyLatin(text: string): boolean {
  // Most texts are ASCII, whose letters need not be counted.
  if (!/[^ -~\s]/.test(text)) return /[a-z]/i.test(text);
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0;
  return letters > 0 && latin >= letters * 0.7;
}
