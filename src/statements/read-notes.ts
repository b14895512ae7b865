import { derivedUuid } from '../derived-uuid.ts';
import { datesIn, validity } from '../english/dates.ts';
import { isEmpty } from '../english/words.ts';
import { anchorOf, type Change } from './change.ts';
import { placeOf } from './place.ts';
import { scopeOf } from './sentence.ts';
import type { Statement, StatementPlace } from './statement.ts';
import { isNumber, keyOf, termsOf, wordsOf } from './word.ts';

/** What a language model read in a sentence besides facts. */
export type SentenceNote = { readonly sentence: string } & (
  | {
      readonly kind: 'value';
      readonly subject: string;
      readonly property: string;
      readonly value: string;
      readonly replaces?: string;
    }
  | { readonly kind: 'rule' }
  | { readonly kind: 'task'; readonly task: string; readonly isDone: boolean }
);

/** A rule or a task, where it stands. Its key finds all of its kind; it ends no statement. */
export interface StoredNote extends StatementPlace {
  readonly kind: 'rule' | 'task';
  /** The words of a task by which it is known again. */
  readonly about: readonly string[];
  readonly isDone: boolean;
}

/** No statement's key begins so. */
export const NOTE_KEYS = { rule: '=rule', task: '=task' } as const;

interface NotedEpisode {
  readonly uuid: string;
  readonly content: string;
  readonly referenceTime: Date;
}

/**
 * What a model's notes are in the graph: the value of a property ends other values of the same property, and, as a change, what sentences
 * say in other words of the same subject; rules and tasks wait for the briefing. Notes whose sentence does not stand in the text are left out.
 */
export function statementsRead(episode: NotedEpisode, notes: readonly SentenceNote[]): (Statement | StoredNote)[] {
  return notes.flatMap((note, number): (Statement | StoredNote)[] => {
    const range = placeOf(note.sentence, episode.content);
    if (!range) return [];
    const text = episode.content.slice(range.start, range.end).replace(/\s+/g, ' ');
    const when = validity(datesIn(text, episode.referenceTime), episode.referenceTime);
    const place = (part: string) => ({
      ...{ uuid: derivedUuid('statement', episode.uuid, 'read', String(number), part), episode: episode.uuid },
      ...{ scope: scopeOf(text), text, ...range, told: episode.referenceTime },
      ...{ at: when.validAt ?? episode.referenceTime, until: when.invalidAt },
    });
    if (note.kind === 'rule')
      return [{ ...place('rule'), kind: 'rule', key: NOTE_KEYS.rule, about: [], isDone: false }];
    if (note.kind === 'task')
      return [{ ...place('task'), kind: 'task', key: NOTE_KEYS.task, about: stems(note.task), isDone: note.isDone }];
    return valueStatements(note, place);
  });
}

function valueStatements(
  { subject, property, value, replaces = '' }: SentenceNote & { readonly kind: 'value' },
  place: (part: string) => Omit<StatementPlace, 'key'>,
): Statement[] {
  const [about, now, gone] = [stems(`${subject} ${property}`), stems(value), stems(replaces)];
  if (about.length === 0 || now.length === 0) return [];
  const change: Change = { gone, subject: about, beside: [], now, of: changeOf(property, now), everywhere: false };
  const holds = { verb: 'be', value: now, isNews: true, isSingle: true, subject: about };
  return [
    { ...place('holds'), ...holds, kind: 'holds', key: keyOf(about) },
    { ...place('ends'), ...change, kind: 'ends', key: `-${anchorOf(change)}` },
  ];
}

/** Which kind of value the sentence must have that ends. */
function changeOf(property: string, now: readonly string[]): Change['of'] {
  if (/\b(?:owner|lead|maintainer|manager|contact|assignee|responsible)\b/i.test(property)) return 'role';
  if (/\bversion\b/i.test(property)) return 'version';
  return now.some(isNumber) ? 'number' : 'place';
}

const stems = (text: string): string[] => termsOf(wordsOf(text, []).filter(({ lower }) => !isEmpty(lower)));
