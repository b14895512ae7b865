import { stemmer as french } from '@orama/stemmers/french';
import { stemmer as german } from '@orama/stemmers/german';
import { stemmer as portuguese } from '@orama/stemmers/portuguese';
import { stemmer as russian } from '@orama/stemmers/russian';
import { stemmer as spanish } from '@orama/stemmers/spanish';

/**
 * A language whose words are stemmed by their own rules. English is not among them: its stems (`terms.ts`) are used wherever the language is
 * not known.
 */
export interface Language {
  /** Function words, which say nothing about what a text is about. */
  readonly functionWords: ReadonlySet<string>;
  /** Characters that hardly any of the other languages has. */
  readonly marks: RegExp;
  /** Snowball's stem of a word in lower case, accents included. */
  readonly stem: (word: string) => string;
}

const language = (stem: Language['stem'], marks: RegExp, words: string): Language => ({
  stem,
  marks,
  functionWords: new Set(words.split(' ')),
});

const LANGUAGES: readonly Language[] = [
  language(
    german,
    /[ßäöü]/g,
    'der die das des dem den ein eine einen einem einer eines und oder aber nicht kein keine ist sind war waren wird werden wurde wurden hat haben hatte kann können muss müssen soll sollen darf ich wir ihr sie er es uns mich mir sich mit für auf im am zum zur von vom bei aus nach noch nur über unter vor seit bis durch ohne gegen als wie was wer wann wo warum welche welcher welches wenn weil dass ob auch schon hier dort dann sehr mehr jetzt immer',
  ),
  language(
    french,
    /[œèêçûù]/g,
    'le la les un une des du de au aux et ou mais ne pas est sont était été être a ont avait nous vous ils elles il elle je tu on se sa son ses leur leurs notre nos votre ce cette ces cet qui combien pendant que quoi dont où quand comment pourquoi quel quelle quels quelles dans sur sous avec sans pour par chez entre vers depuis jusque avant après plus moins très aussi si y en comme',
  ),
  language(
    spanish,
    /[¿¡ñ]/g,
    'el la los las un una unos unas y o pero no es son era está están fue ser estar ha han había se su sus nos nuestro nuestra le les lo me mi tu que qué quién cuál cuánto cuánta cuántos cuántas durante cuándo dónde cómo por para con sin en de del al a sobre entre desde hasta antes después más menos muy también si este esta estos estas ese esa porque como hay',
  ),
  language(
    portuguese,
    /[ãõ]/g,
    'o a os as um uma uns umas e ou mas não é são era está estão foi ser estar tem têm tinha se seu sua seus suas nos nosso nossa lhe que quem quanto quanta quantos durante qual quais quando onde como por para com sem em de do da dos das no na nas ao aos à às pelo pela sobre entre desde até antes depois mais menos muito também este esta estes estas esse essa isso porque há',
  ),
  language(
    russian,
    /[а-яё]{3,}/g,
    'и в во не что он она оно они на я с со как а то все так его но да ты к у же вы за бы по только ее мне было вот от меня еще нет о из ему когда даже ну ли если уже или быть был была были до вас нибудь там кто где сколько почему какой какая какие эта этот это эти для мы наш наша наши при без после перед через чтобы',
  ),
];
const ENGLISH =
  'the a an and or but not is are was were be been has have had do does did will would can could should of in on at to from with by for as it its this that these those we our you your they their he she i my me us what which who when where why how if then than so no into about after before';

/** The languages of a word, English last. */
const BY_WORD = new Map<string, number[]>();
for (const [place, words] of [...LANGUAGES.map((language) => language.functionWords), ENGLISH.split(' ')].entries())
  for (const word of words) BY_WORD.set(word, [...(BY_WORD.get(word) ?? []), place]);

/** The number of characters that are examined, and the evidence that a language needs. */
const [SAMPLE_LENGTH, LEAST_HITS] = [300, 2];

/** The language of a text if its function words are clear; null for English, unknown languages and in doubt. */
export function languageOf(text: string): Language | null {
  const beginning = text.slice(0, SAMPLE_LENGTH).toLowerCase();
  const isAscii = !/[^ -~\s]/.test(beginning);
  const words = beginning.match(isAscii ? /[a-z]{2,}/g : /\p{L}{2,}/gu) ?? [];
  const hits = new Array<number>(LANGUAGES.length + 1).fill(0);
  for (const word of words) for (const place of BY_WORD.get(word) ?? []) hits[place] = (hits[place] ?? 0) + 1;
  if (!isAscii)
    for (const [place, { marks }] of LANGUAGES.entries())
      hits[place] = (hits[place] ?? 0) + (beginning.match(marks)?.length ?? 0);
  const most = Math.max(...hits);
  if (most < LEAST_HITS || hits.filter((count) => count === most).length > 1) return null;
  return LANGUAGES[hits.indexOf(most)] ?? null;
}
