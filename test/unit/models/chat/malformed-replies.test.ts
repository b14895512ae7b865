import { expect, test } from 'vitest';
import { EXTRACTION_REPLY } from '../../../../src/models/chat/extraction-schema.ts';
import { readExtraction } from '../../../../src/models/chat/read-extraction.ts';
import { readReply, shapeReader } from '../../../../src/models/chat/reply.ts';
import { NO_ONTOLOGY, type Ontology } from '../../../../src/ontology.ts';
import { malformedReplies } from '../../../support/malformed-replies.ts';

const MARCH = new Date('2025-03-05T00:00:00Z');
const GOOD = JSON.stringify({
  entities: [
    { name: 'Mira Okafor', type: 'Person', attributes: { _type: 'Person', role: 'lead', tags: ['a', 'b'] } },
    { name: 'Harbor', type: 'Project', attributes: null },
    { name: 'Redis 7', type: 'Entity', attributes: null },
  ],
  facts: [
    {
      source: 'Mira Okafor',
      target: 'Harbor',
      relation: 'WORKS_ON',
      fact: 'Mira Okafor works on Harbor.',
      valid_at: '2025-01-10',
      invalid_at: null,
      attributes: null,
    },
    {
      source: 'Harbor',
      target: 'Redis 7',
      relation: 'USES',
      fact: 'Harbor uses Redis 7.',
      valid_at: null,
      invalid_at: '2025',
    },
  ],
  ended: [{ source: 'Harbor', target: 'Redis 7', at: '2025-03-01' }],
});
const ONTOLOGY: Ontology = {
  ...NO_ONTOLOGY,
  entityTypes: [
    {
      name: 'Person',
      description: '',
      attributes: ['role', 'tags', '__proto__'].map((name) => ({
        name,
        description: '',
        schema: { type: 'string' },
        read: (value) => (typeof value === 'string' ? value : undefined),
      })),
    },
  ],
};

test('each of 10,000 malformed replies is read into storable values or rejected with a reason', {}, () => {
  const ends = { kept: 0, refused: 0 };
  for (const text of malformedReplies(7, 10_000, GOOD)) {
    const reading = readReply({ text, stopped: null }, shapeReader(EXTRACTION_REPLY));
    if (!reading.fits) {
      expect(reading.problem).toMatch(/^[\w. ]+$/);
      ends.refused += 1;
      continue;
    }
    for (const ontology of [NO_ONTOLOGY, ONTOLOGY]) {
      const { entities, facts, ended } = readExtraction(reading.value, ontology, MARCH, '');
      if (facts.length > 0) ends.kept += 1;
      const names = new Set(entities.map(({ name }) => name));
      const texts = [
        ...names,
        ...facts.flatMap(({ relation, fact }) => [relation, fact]),
        ...entities.map(({ type }) => type),
      ];
      if (!texts.every(isKept)) throw new Error(`cannot be stored: ${JSON.stringify(texts)}`);
      for (const { source, target } of [...facts, ...ended])
        if (!names.has(source) || !names.has(target) || source === target) throw new Error(`joins nothing: ${text}`);
      for (const { type } of entities) expect(type).toMatch(/^[A-Za-z_]\w*$/);
      for (const { relation, validAt, invalidAt } of facts) {
        expect(relation).toMatch(/^[A-Z][A-Z0-9_]*$/);
        if (validAt && invalidAt) expect(validAt < invalidAt).toBe(true);
      }
    }
  }
  // Both happen often, or the replies are not what they are meant to be.
  expect(Math.min(ends.kept, ends.refused)).toBeGreaterThan(1000);
});

const isKept = (text: string) =>
  text.trim() !== '' && text.isWellFormed() && !/\p{Cc}/u.test(text) && text.length <= 2000;
