import { classifyCode, classifyWord, isPackageName } from './code-names.ts';
import type { Span } from './markup.ts';
import type { NamedThing, TechnicalName } from './named-thing.ts';
import { versionsIn } from './versions.ts';

const WORD =
  /[@#$\p{L}\p{N}_./~-](?:<[a-z_-]{1,30}>(?=[\w./-])|(?<=[./])<[a-z_-]{1,30}>|[^\s,;:!?'"“”‘’`(){}[\]<>|=]|(?<=\w)\(\)|:\/\/)*/gu;
const PACKAGE_CONTEXT =
  /\b(?:bump(?:s|ed)?|update[sd]?|upgrade[sd]?|install(?:s|ed)?|uninstall(?:s|ed)?|depends on|dependency|package|crate|gem|image|library|module|npm i|from|of|uses?|using|requires?|imports?|adds?|added|removed)\s$/i;
const PACKAGE_FOLLOWS = /^\s(?:package|dependency|library|module|npm)\b/i;

/** What a sentence names by spelling, in its order, without overlaps. `code` tells where backticks stood. */
export function technicalNames(text: string, code: readonly Span[]): TechnicalName[] {
  const found: TechnicalName[] = [];
  const add = (name: TechnicalName) => {
    if (!found.some((other) => name.start < other.end && other.start < name.end)) found.push(name);
  };
  const spans = code.map((span) => ({ ...span, thing: codeThing(text, span) }));
  vulnerabilitiesIn(text).forEach(add);
  numberedIn(text).forEach(add);
  calledIn(text).forEach(add);
  versionsIn(text, spans).forEach(add);
  spans.forEach(add);
  wordsIn(text).forEach(add);
  return found.sort((one, other) => one.start - other.start);
}

function codeThing(text: string, span: Span): NamedThing | null {
  const content = text.slice(span.start, span.end);
  if (isPackageName(content) || (/^[a-z][a-z\d]{2,}$/.test(content) && isAboutPackage(text, span))) {
    return { name: content, type: 'Package' };
  }
  return classifyCode(content);
}

function isAboutPackage(text: string, span: Span): boolean {
  const before = text.slice(Math.max(0, span.start - 30), span.start);
  return (
    /\b(?:bump|update|upgrade|install|uninstall)\w*\s$/i.test(before) || PACKAGE_FOLLOWS.test(text.slice(span.end))
  );
}

/** "CVE 2023 45857" is written in many ways. */
function vulnerabilitiesIn(text: string): TechnicalName[] {
  return [...text.matchAll(/\bCVE[- ](\d{4})[- ](\d{4,7})\b/g)].map((match) => {
    const thing = { name: `CVE-${match[1]}-${match[2]}`, type: 'Identifier' };
    return { start: match.index, end: match.index + match[0].length, thing };
  });
}

/** "room 214", "board 17": common words that a number makes a name of. */
function numberedIn(text: string): TechnicalName[] {
  return [...text.matchAll(NUMBERED)].map((match) => {
    const [name, kind = ''] = match;
    const type = /^(?:room|hall|pier|gate|dock|building|floor|warehouse|lab)$/i.test(kind) ? 'Place' : 'Entity';
    return { start: match.index, end: match.index + name.length, thing: { name, type } };
  });
}

const NUMBERED =
  /\b(room|hall|pier|gate|dock|building|warehouse|lab|board|rack|bay|ticket|cabinet|locker|platform|terminal|unit) (?:#?\d{1,5}[A-Za-z]?|[A-Z])(?![\w.:,]*\d|[\w%-]| (?:minutes|hours|days|percent))/gi;

/** "is called deckwire" */
function calledIn(text: string): TechnicalName[] {
  return [
    ...text.matchAll(
      /\b(?:is|are|be|been|was|now) (?:called|named|renamed to) ([a-z][a-z\d]*(?:-[a-z\d]+)*)(?=[.,;!]|$| (?:from|now|since|today|and|in|on))/g,
    ),
  ].flatMap((match) => {
    const name = match[1] ?? '';
    const start = match.index + match[0].length - name.length;
    return name.length < 3 || NO_CALLED.test(name)
      ? []
      : [{ start, end: start + name.length, thing: { name, type: 'Entity' } }];
  });
}

const NO_CALLED = /^(?:the|off|out|back|after|again|from|once|twice|when|for|only|it|that|this|by|on|in)$/;

function wordsIn(text: string): TechnicalName[] {
  const found: TechnicalName[] = [];
  for (const match of text.matchAll(WORD)) {
    const word = match[0].replace(/[.\-/~]+$/, '');
    const start = match.index;
    const thing = classifyWord(word) ?? plainPackage(text, word, start);
    if (thing) found.push({ start, end: start + word.length, thing });
  }
  return found;
}

/** `follow-redirects` without backticks is a package only where the words around it say so. */
function plainPackage(text: string, word: string, start: number): NamedThing | null {
  if (!/^[a-z][a-z\d]*(?:-[a-z\d]+)+$/.test(word) || !isPackageName(word)) return null;
  const before = text.slice(Math.max(0, start - 30), start);
  const after = text.slice(start + word.length, start + word.length + 30);
  const isEnd = /^[\s]*(?:[.,;)]|$|(?:from|on|in|with|for|and|or|as) |to v?\d)/.test(after);
  const isNamed = PACKAGE_FOLLOWS.test(after) || (isEnd && PACKAGE_CONTEXT.test(before));
  return isNamed ? { name: word, type: 'Package' } : null;
}
