import type { EpisodeWithNotes } from '../graph/queries/briefing.ts';
import { oneLine, truncated } from '../text.ts';
import type { SourcedLine } from './line.ts';
import { type Rule, ruleOf } from './rules.ts';
import { userSentences, userText } from './typed-by-user.ts';

/*
 * Rules and tasks that a language model has extracted. A text can make a model invent rules, so a rule counts only where
 * its sentence is one that the user typed, as for the rules that are recognised without a model.
 */

const LONGEST_LINE = 300;

/** The rules among the user's own sentences. */
export function modelRules(episodes: readonly EpisodeWithNotes[]): { rule: Rule; line: SourcedLine }[] {
  return episodes.flatMap(({ uuid, content, metadata, referenceTime, notes }) => {
    const typed = new Map(userSentences(userText(content, metadata)).map(({ text }) => [bare(text), oneLine(text)]));
    return notes.flatMap(({ kind, text }) => {
      const sentence = kind === 'rule' ? typed.get(bare(text)) : undefined;
      if (sentence === undefined || sentence.endsWith('?')) return [];
      return [{ rule: ruleOf(sentence), line: { text: sentence, episode: uuid, time: referenceTime, source: 'user' } }];
    });
  });
}

/** Tasks that no later episode says to be finished, the latest first. */
export function openTasks(episodes: readonly EpisodeWithNotes[]): SourcedLine[] {
  const tasks = episodes.flatMap(({ uuid, referenceTime, sourceDescription, notes }) =>
    notes
      .filter(({ kind }) => kind === 'task')
      .map(({ text, about, state }) => ({
        about: about.split(' ').filter(Boolean),
        isDone: state === 'done',
        line: {
          text: truncated(oneLine(text), LONGEST_LINE),
          episode: uuid,
          time: referenceTime,
          source: sourceDescription,
        },
      })),
  );
  const isSame = (one: readonly string[], other: readonly string[]) => {
    const shared = one.filter((term) => other.includes(term)).length;
    return shared > 0 && shared >= Math.min(one.length, other.length);
  };
  const lines = tasks
    .filter(
      (task) =>
        !task.isDone &&
        !tasks.some((other) => other.isDone && other.line.time >= task.line.time && isSame(other.about, task.about)),
    )
    .map(({ line }) => line);
  return [...new Map(lines.map((line) => [line.text, line])).values()];
}

const bare = (text: string): string =>
  oneLine(text.replace(/[*`]/g, ''))
    .replace(/[.!\s]+$/, '')
    .toLowerCase();
