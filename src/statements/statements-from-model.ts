import { derivedUuid } from '../derived-uuid.ts';
import { datesIn, validityPeriod } from '../english/dates.ts';
import { isStopword } from '../english/words.ts';
import { locateSentence } from './locate-sentence.ts';
import { statementScope } from './scope.ts';
import { keyTermOf, type StatedChange } from './stated-change.ts';
import type { Statement, StatementPlace } from './statement.ts';
import { isNumber, stemsOf, termKey, wordsOf } from './words.ts';

/** What a language model read in a sentence in addition to facts. */
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

/** A rule or a task with its place in the text. All notes of a kind have the same key. A note ends no statement. */
export interface StoredNote extends StatementPlace {
  readonly kind: 'rule' | 'task';
  /** The words by which a task is recognised in a later note. */
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
 * Converts a model's notes to statements. The value of a property is stored twice: as a value, which ends other values of the same property, and
 * as a change, which ends sentences about the same subject in other words. The briefing reads rules and tasks. A note whose sentence is not in
 * the text is left out.
 */
export function modelStatements(episode: NotedEpisode, notes: readonly SentenceNote[]): (Statement | StoredNote)[] {
  return notes.flatMap((note, number): (Statement | StoredNote)[] => {
    const range = locateSentence(note.sentence, episode.content);
    if (!range) return [];
    const text = episode.content.slice(range.start, range.end).replace(/\s+/g, ' ');
    const when = validityPeriod(datesIn(text, episode.referenceTime), episode.referenceTime);
    const place = (part: string) => ({
      ...{ uuid: derivedUuid('statement', episode.uuid, 'read', String(number), part), episode: episode.uuid },
      ...{ scope: statementScope(text), text, ...range, saidAt: episode.referenceTime },
      ...{ validAt: when.validAt ?? episode.referenceTime, invalidAt: when.invalidAt },
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
  const [about, newValue, oldValue] = [stems(`${subject} ${property}`), stems(value), stems(replaces)];
  if (about.length === 0 || newValue.length === 0) return [];
  const change: StatedChange = {
    oldValue,
    subject: about,
    context: [],
    newValue,
    endsWhat: changeOf(property, newValue),
    everywhere: false,
  };
  const holds = { verb: 'be', value: newValue, isNews: true, isSingle: true, subject: about };
  return [
    { ...place('holds'), ...holds, kind: 'holds', key: termKey(about) },
    { ...place('ends'), ...change, kind: 'ends', key: `-${keyTermOf(change)}` },
  ];
}

/** The kind of statement that the change ends. */
function changeOf(property: string, newValue: readonly string[]): StatedChange['endsWhat'] {
  if (/\b(?:owner|lead|maintainer|manager|contact|assignee|responsible)\b/i.test(property)) return 'role';
  if (/\bversion\b/i.test(property)) return 'version';
  return newValue.some(isNumber) ? 'number' : 'place';
}

const stems = (text: string): string[] => stemsOf(wordsOf(text, []).filter(({ lower }) => !isStopword(lower)));
