import type { Episode } from '../../../src/episode.ts';
import { checkGroup } from '../../../src/group.ts';
import { openValueChecker } from '../../../src/import/check-values.ts';
import { decodeText } from '../../../src/import/decode.ts';
import type { FormatName } from '../../../src/import/format-type.ts';
import type { InputItem } from '../../../src/import/json-lines.ts';
import { readValues } from '../../../src/import/read-values.ts';

export const LONGEST = 10_000;

/** The values of an input that comes in pieces of so many bytes. */
export async function valuesOf(input: string | Uint8Array, piece = 7): Promise<InputItem[]> {
  const bytes = Buffer.from(input);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  }
  const all: InputItem[] = [];
  for await (const value of readValues(decodeText(pieces()), LONGEST)) all.push(value);
  return all;
}

/** The result of an import: episodes and problems. */
export async function readAll(input: string | Uint8Array, format: FormatName | 'auto' = 'auto') {
  const checking = openValueChecker(format, {
    groupOf: (group = 'default') => checkGroup(group),
    maxContentBytes: 5_000,
    referenceTime: new Date('2026-01-01T00:00:00Z'),
  });
  const all = await valuesOf(input, 1_000);
  for (const value of all) checking.note(value);
  const checked = all.map(checking.check);
  const episodes = checked.flatMap((it): Episode[] => ('problem' in it ? [] : [...it.episodes]));
  return {
    format: checking.format,
    episodes,
    contents: episodes.map(({ content, source }) => (source === 'fact_triple' ? JSON.parse(content) : content)),
    problems: checked.flatMap((it) => ('problem' in it ? [it.problem] : it.problems)),
  };
}
